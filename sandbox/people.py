"""Invented people: families that share a member id, and recipients with ids of their own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from random import Random

from sandbox.payers import STYLES
from sandbox.world import Person

_FIRST = """
Abelard Adaeze Alma Amadou Anneliese Anselm Araminta Beatriz Benedikt Brigida Calliope Cassius
Chidi Clementine Cosima Cyprian Dagny Dalia Demetrius Desmond Dorothea Edmund Eleni Elspeth
Emeka Esme Ezekiel Fenella Ferdinand Fiona Florian Freya Gideon Ginevra Godfrey Greta Gwendolyn
Hadley Harriet Hector Helga Hiroshi Ignatius Imogen Ines Isadora Ivo Jacinta Jasper Joaquín
Josephine Jovan Juniper Kamala Katarina Kenji Kofi Lavinia Leander Leonie Linnea Lorcan Lucinda
Magnus Malachi Manuela Marguerite Matthias Mei Minerva Nadia Nerys Niamh Nikolai Octavia Odile
Olabisi Orla Oswald Padma Paloma Percival Petra Philippa Quentin Rafaela Rashid Renée Roderick
Rosalind Rufus Sabine Saoirse Selwyn Seraphina Sigrid Silas Soraya Svetlana Tabitha Tadeusz
Tamsin Thaddeus Theodora Tobias Tomás Ursula Valentina Vesna Viktor Wilhelmina Winifred Xanthe
Yannick Yolanda Zacharias Zoë Zuleika
""".split()

_LAST = """
Abernathy|Achterberg|Adeyemi-Whitlock|Alderwick|Ambrosini|Ashgrove|Balewa|Barrowclough|Bellweather
|Birchenough|Blackthorne|Bramblewood|Brightwater|Caldersmith|Carmichael-Osterhagen|Castellane
|Chidester|Cloverdale|Copperfield|Cranmoor|Dandridge|Darkwater|de la Fontaine|Delacroix
|Dimmesdale|Drinkwater|Dunmorrow|Eastergaard|Eiderdown|Elderflower|Emberlin|Fairweather|Farthingale
|Fennimore|Fernhollow|Fieldstone|Figueroa-Montenegro|Fitzgilbert|Foxglove|Gallowglass|Garnier
|Glassbrook|Goldsworthy|Greenhalgh|Grimaldi|Gudjonsson|Hawksmoor|Heatherington|Hollingberry
|Honeychurch|Huckstable|Inglewright|Ironmonger|Jankowiak|Juniperson|Kallistratos|Kestrelman
|Kilbracken|Kowalczyk-Brandywine|Lambertini|Larkmeadow|Lindqvist|Littlejohn|Lockridge|Longfellow
|MacAllister|Makepeace|Marchbanks|Meadowcroft|Merriweather|Millstone|Moonlight|Müllerstein
|Nakagawa|Nettleship|Nightingale|Núñez|Oakenshaw|O'Brannigan|Okonkwo|Oldcastle|O'Quillan
|Oyelaran|Papadimitriou-Featherstonehaugh|Partridge|Pemberton|Pettigrew|Pinkerton|Quartermaine
|Quicksilver|Radhakrishnan|Ravenscroft|Rosenquist|Rutherglen|Saltonstall|Sandoval-Inglethorpe
|Shimizu|Silverthorn|Smallbones|Snowberger|Starling|Stonebridge|Summerfield|Tanglewood|Thistlewood
|Thornapple|Tumbleweed|Underhill|Valderrama|van der Woodhouse|Villaseñor|Wainscott|Weatherby
|Westenra|Whitfeather|Winterbourne|Wolverton|Woodruff|Yarborough|Yellowlees|Zabriskie
""".replace("\n", "").split("|")

_MIDDLE = ["", "", "", *"ABCDEFGHJLMNPRSTW"]


def make_family(random: Random, member_id: str, size: int, as_of: date) -> list[Person]:
    """``size`` people of one household, two adults at most, all under ``member_id``."""
    last = random.choice(_LAST)
    people = []
    for place, first in enumerate(random.sample(_FIRST, size)):
        years = (24, 76) if place < 2 else (4, 19)
        birth = as_of - timedelta(days=random.randint(365 * years[0], 365 * years[1]))
        people.append(Person(first, last, random.choice(_MIDDLE), birth, member_id))
    return people


def make_person(random: Random, member_id: str, as_of: date, youngest: int) -> Person:
    """One person of any age from ``youngest`` on."""
    birth = as_of - timedelta(days=random.randint(365 * youngest, 365 * 92))
    return Person(
        random.choice(_FIRST), random.choice(_LAST), random.choice(_MIDDLE), birth, member_id
    )


def make_relative(random: Random, person: Person, as_of: date) -> Person:
    """Someone under the same member id with another first name and another birth date."""
    first = random.choice([name for name in _FIRST if name != person.first])
    birth = as_of - timedelta(days=random.randint(365 * 4, 365 * 70))
    if birth == person.birth:
        birth += timedelta(days=1)
    return Person(first, person.last, "", birth, person.member_id)


class MemberIds:
    """One payer's ids, which no two households share, however many are asked for."""

    def __init__(self, random: Random, payer_id: str, taken: Iterable[str] = ()) -> None:
        self._random = random
        self._make = STYLES[payer_id].member_id
        self._given = {member_id.lstrip("0") for member_id in taken}

    def next(self) -> str:
        """An id that was not given before."""
        while True:
            member_id = self._make(self._random)
            if (significant := member_id.lstrip("0")) not in self._given:
                self._given.add(significant)  # spreadsheets drop leading zeros
                return member_id
