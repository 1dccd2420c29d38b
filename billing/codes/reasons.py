"""Claim adjustment reasons: what each means in our own words, and what it does to the money."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from billing.codes.groups import GROUPS


class Denial(StrEnum):
    """Why a payer refuses to pay, by what the biller does next."""

    MISSING_INFO = "missing-info"
    DUPLICATE = "duplicate"
    TIMELY_FILING = "timely-filing"
    NO_AUTHORIZATION = "no-authorization"
    NOT_COVERED = "not-covered"
    ELIGIBILITY = "eligibility"
    OTHER_PAYER = "other-payer"
    BUNDLED = "bundled"
    MEDICAL_NECESSITY = "medical-necessity"
    OTHER = "other"


class Effect(StrEnum):
    """What an adjustment does to the money it takes."""

    DENIAL = "denial"
    CONTRACTUAL = "contractual"
    PATIENT_SHARE = "patient_share"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Meaning:
    """One reason code: our gloss, its effect, and the class of a denial (None for the others)."""

    gloss: str
    effect: Effect
    denial: Denial | None = None


_DENIALS: Mapping[Denial, Mapping[str, str]] = {
    Denial.MISSING_INFO: {
        "4": "the modifier is missing or does not fit",
        "5": "the place of service does not fit the procedure",
        "6": "the procedure does not fit the patient's age",
        "8": "the procedure does not fit the provider's type",
        "11": "the diagnosis does not fit the procedure",
        "16": "something on the claim is missing or wrong; the remark code says what",
        "107": "the claim it belongs to was not named",
        "129": "the earlier payer's figures look wrong",
        "146": "the diagnosis was not valid on that day",
        "163": "the attachment did not arrive",
        "181": "the procedure code was not valid on that day",
        "182": "the modifier was not valid on that day",
        "206": "a provider number is missing",
        "207": "a provider number is invalid",
        "208": "a provider number is not on the payer's file",
        "226": "the provider did not send what was asked for, or not in time",
        "227": "the patient did not send what was asked for",
        "252": "an attachment is needed first",
    },
    Denial.DUPLICATE: {
        "18": "the payer already has this very claim",
        "B13": "it may have been paid before",
    },
    Denial.TIMELY_FILING: {"29": "it came after the filing limit"},
    Denial.NO_AUTHORIZATION: {
        "15": "the authorization number is missing or does not fit",
        "39": "authorization had been refused",
        "165": "the referral is missing",
        "197": "there was no authorization beforehand",
        "198": "it goes beyond what was authorized",
        "210": "authorization was asked for too late",
        "243": "the network or primary doctor did not authorize it",
    },
    Denial.NOT_COVERED: {
        "35": "a lifetime limit was reached",
        "49": "routine care that the plan leaves out",
        "96": "the payer does not cover this charge; the remark code says why",
        "119": "the limit for this period was reached",
        "149": "a lifetime limit for this service was reached",
        "167": "the diagnosis is not covered",
        "204": "the patient's plan does not include this",
        "242": "the provider is outside the network",
    },
    Denial.ELIGIBILITY: {
        "26": "it was before coverage began",
        "27": "it was after coverage ended",
        "31": "the payer does not know this patient as insured",
        "32": "the patient is no eligible dependent",
        "140": "the member number does not go with the name",
        "177": "the patient did not meet the eligibility rules",
        "200": "coverage had lapsed",
    },
    Denial.OTHER_PAYER: {
        "19": "a work injury; the worker's insurer pays",
        "20": "a liability insurer pays",
        "21": "a no-fault insurer pays",
        "22": "another payer comes first",
        "24": "a managed care plan answers for it",
        "109": "another payer or contractor must get this claim",
        "B9": "the patient is in hospice",
        "B11": "it was passed on to the right payer",
    },
    Denial.BUNDLED: {
        "97": "it is paid within another service",
        "231": "the two services exclude each other on one day",
        "234": "it is never paid by itself",
        "236": "this combination is not paid",
        "B14": "only one such visit a day is paid",
        "B15": "a service that must come with it is missing",
    },
    Denial.MEDICAL_NECESSITY: {
        "50": "the payer sees no medical need",
        "55": "the payer calls it experimental",
        "56": "the payer calls it unproven",
        "150": "the records do not support this level",
        "151": "the records do not support this many",
    },
    Denial.OTHER: {
        "100": "the money went to the patient",
        "185": "this provider may not do this service",
        "193": "a second look kept the first decision",
        "A1": "refused; the remark code says why",
        "B7": "the provider was not certified for it that day",
    },
}

_CONTRACTUAL: Mapping[str, str] = {
    "23": "what an earlier payer's decision took",
    "44": "discount for prompt payment",
    "45": "above the fee schedule or contract",
    "59": "reduced because several procedures were done together",
    "90": "above the price of the ingredient",
    "94": "paid above the charge",
    "104": "held back under a managed care contract",
    "131": "a discount agreed for this claim",
    "137": "a surcharge or tax set by law",
    "144": "an incentive",
    "161": "a performance bonus",
    "237": "a penalty set by law",
    "253": "the federal budget cut",
    "B4": "a penalty for filing late",
    "B10": "reduced because part of it was paid elsewhere",
}

_PATIENT_SHARE: Mapping[str, str] = {
    "1": "deductible",
    "2": "coinsurance",
    "3": "copayment",
    "66": "deductible for blood",
    "142": "the patient's monthly share under Medicaid",
    "178": "the patient's spend-down is not met yet",
    "247": "deductible for professional services",
    "248": "coinsurance for professional services",
}

REASONS: Mapping[str, Meaning] = (
    {
        code: Meaning(gloss, Effect.DENIAL, denial)
        for denial, glosses in _DENIALS.items()
        for code, gloss in glosses.items()
    }
    | {code: Meaning(gloss, Effect.CONTRACTUAL) for code, gloss in _CONTRACTUAL.items()}
    | {code: Meaning(gloss, Effect.PATIENT_SHARE) for code, gloss in _PATIENT_SHARE.items()}
)
"""The reasons that our rules know; any other is unknown, and a finding says so."""


def meaning(group: str, reason: str) -> Meaning | None:
    """What an adjustment does; None when its group or its reason is not known to us.

    A denial stays one whoever is left with the dollars. Of the rest, what the patient may be
    billed for (group PR) is the patient's share, and what he may not is contractual.
    """
    known = REASONS.get(reason)
    if known is None or group not in GROUPS:
        return None
    if known.effect is Effect.DENIAL:
        return known
    share = GROUPS[group].patient_may_be_billed
    return Meaning(known.gloss, Effect.PATIENT_SHARE if share else Effect.CONTRACTUAL)


def effect(group: str, reason: str) -> Effect:
    """What an adjustment does to the money it takes; see :func:`meaning`."""
    known = meaning(group, reason)
    return known.effect if known is not None else Effect.UNKNOWN


def explain(code: str) -> str:
    """``CO-45`` in our own words, for people: what happened, and who is left with the dollars."""
    group, _, reason = code.partition("-")
    known = meaning(group, reason)
    if known is None:
        return f"{code} is not in our list of codes"
    return f"{known.gloss}; {GROUPS[group].gloss}"
