"""Synthetic patients: invented names, ids and birth dates from a seeded generator."""

from __future__ import annotations

import random
from datetime import date, timedelta

from sandbox.world import Person

FIRST = (
    "Adela Alaric Ansel Araminta Aurelio Basil Beatrix Benno Calla Caspian Celestine Cosima Cyprian "
    "Dorothea Edmund Eleni Elowen Esme Fabian Fern Florian Garnet Giselle Hollis Idris Imogen Ines "
    "Jasper Joaquin Juniper Kestrel Lazlo Leonie Linnea Lucian Mabel Magnus Marisol Matteo Mirabel "
    "Nadia Nico Octavia Odette Orson Otto Pascal Petra Phoebe Quentin Rafaela Roscoe Rosalind Sabine "
    "Silas Soren Tamsin Thaddeus Tobias Una Valentin Vera Viola Wendell Wilhelmina Xenia Yara Zadie"
).split()
LAST = (
    "Abernathy-Vale Ashcombe Barrowclough Belgrave Birdwhistle Blackthorn Brightwater Calloway-Finch "
    "Cloudesley Copperfield-Ames Crabtree Dunmarrow Elderkin Fairweather Fenwick-Shaw Gallowglass "
    "Goldenrod Greywater Hallowell Harkness-Bell Hawksmoor Heatherington Ironwood Jessamine Kettlewell "
    "Kingfisher Larkhill Longbottom-Hale Lovelace-Orr Marchbanks Merriweather Mossgrove Nightingale-Poe "
    "Oakenshaw O'Quillan Pennyfeather Periwinkle Quickfall Ravenscroft Rosewarne Saltonstall-Key "
    "Silverthorne Snowdrop Starling Summerscale Thistlewood Thornbury Underhill-Wynn Vandermeer-Sloe "
    "Wetherby Whitlock Wildgoose Winterbourne Wolfenden Yarrow Zellweger-Moss Peña-Brook Núñez-Field"
).split()


def make_person(rng: random.Random, member_id: str, *, born_after: int = 1938) -> Person:
    """A patient with ``member_id``; a middle initial for about half of them."""
    birth = date(born_after, 1, 1) + timedelta(days=rng.randrange((2018 - born_after) * 365))
    middle = rng.choice("ABCDEFGHJKLMNPRSTW") if rng.random() < 0.5 else ""
    return Person(rng.choice(FIRST), rng.choice(LAST), middle, birth, member_id)


def relative_of(rng: random.Random, person: Person) -> Person:
    """Somebody else of the same family: same last name and member id, another birth date."""
    while True:
        other = make_person(rng, person.member_id, born_after=1950)
        if other.first != person.first and other.birth != person.birth:
            return Person(other.first, person.last, other.middle, other.birth, person.member_id)
