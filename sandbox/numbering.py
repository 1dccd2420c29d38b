"""How each simulated payer numbers its members and its claims."""

from __future__ import annotations

from datetime import date
from random import Random

_ALPHABET = "0123456789ABCDFGHJKLMNPQRTUVWXY"  # no letter that looks like a digit or an exponent
_SCRAMBLE = 387_420_489
_BENEFICIARY_LETTERS = "ACDEFGHJKMNPQRTUVWXY"  # a Medicare number has none of S, L, O, I, B and Z


def plan_claim(_: Random, received: date, place: int, *, corrected: bool) -> str:
    """ "E26298" and six letters and digits."""
    return f"E{received:%y%j}{_scrambled(place)}"


def program_claim(random: Random, received: date, place: int, *, corrected: bool) -> str:
    """Thirteen digits: a region, the day of receipt, and six more."""
    region = "50" if corrected else random.choice(("20", "20", "22", "04"))
    return f"{region}{received:%y%j}{place % 1_000_000:06d}"


def medicare_claim(random: Random, received: date, place: int, *, corrected: bool) -> str:
    """An internal control number, thirteen digits like the programme's with other regions."""
    region = "55" if corrected else random.choice(("11", "11", "11", "02"))
    return f"{region}{received:%y%j}{place % 1_000_000:06d}"


def mesa_claim(_: Random, received: date, place: int, *, corrected: bool) -> str:
    """ "2026298BM012345": the day of receipt and a running number."""
    return f"{received:%Y%j}BM{place:06d}"


def copper_claim(_: Random, received: date, place: int, *, corrected: bool) -> str:
    """ "CLM-261025-" and six letters and digits."""
    return f"CLM-{received:%y%m%d}-{_scrambled(place)}"


def plan_member(random: Random) -> str:
    """ "JRH" and nine digits."""
    return f"JRH{random.randint(100_000, 999_999_999):09d}"


def program_member(random: Random) -> str:
    """Ten digits, often with leading zeros."""
    digits = 8 if random.random() < 0.6 else 10
    return f"{random.randint(10 ** (digits - 2), 10**digits - 1):010d}"


def medicare_member(random: Random) -> str:
    """A beneficiary identifier's shape, 11 characters; with the S in it that no real one has."""
    letter, digit = (lambda: random.choice(_BENEFICIARY_LETTERS)), (lambda: random.randint(0, 9))
    return (
        f"{random.randint(1, 9)}S{letter()}{digit()}{letter()}{letter()}{digit()}"
        f"{letter()}{letter()}{digit()}{digit()}"
    )


def mesa_member(random: Random) -> str:
    """ "BMX" and nine digits."""
    return f"BMX{random.randint(1_000_000, 999_999_999):09d}"


def copper_member(random: Random) -> str:
    """Seven digits and "CL"."""
    return f"{random.randint(1_000_000, 9_999_999)}CL"


def _scrambled(place: int) -> str:
    """Six letters and digits, other ones for every ``place`` below 31 to the sixth."""
    rest = place * _SCRAMBLE % len(_ALPHABET) ** 6
    letters = []
    for _ in range(6):
        rest, digit = divmod(rest, len(_ALPHABET))
        letters.append(_ALPHABET[digit])
    return "".join(letters)
