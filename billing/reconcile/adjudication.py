"""Paid, partly paid or denied: what the money and the reason codes of a decision say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from billing.codes.reasons import Denial, Effect, effect, meaning
from billing.model import ClaimStatus, Outcome, RemittedClaim
from billing.money import ZERO, usd

DENIED_AS_PRIMARY = "4"
"""CLP02 of a claim that the payer itself calls denied; many deny with "1" and paid 0.00."""

PREDETERMINATION = "25"
"""CLP02 of an estimate: nothing was decided and nothing is paid."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One adjustment that denies money: its code, class, and dollars where they are stated."""

    code: str
    denial: Denial
    dollars: Decimal | None


@dataclass(frozen=True, slots=True)
class Adjudication:
    """How a claim was decided, or the finding that says why that cannot be told.

    ``unknown_codes`` are not in our list: whoever reads the finding must know them.
    """

    outcome: Outcome | None
    refusals: tuple[Refusal, ...] = ()
    unknown_codes: tuple[str, ...] = ()
    finding: str = ""
    why: str = ""


def adjudicate_remitted(remitted: RemittedClaim, category: str | None) -> Adjudication:
    """How an EOB decided a claim, by its dollars.

    A code outside our list counts as a denial only where it takes a line's whole charge.
    """
    if remitted.status == PREDETERMINATION:
        return _unclear("The EOB only estimates what the payer would pay.", set())
    charged = [(remitted.charge, entry) for entry in remitted.adjustments]
    charged += [(line.charge, entry) for line in remitted.lines for entry in line.adjustments]
    refusals: list[Refusal] = []
    unknown: set[str] = set()
    share = ZERO
    for charge, entry in charged:
        if not entry.amount:
            continue
        kind = effect(entry.group, entry.reason)
        known = meaning(entry.group, entry.reason)
        if kind is Effect.UNKNOWN:
            unknown.add(entry.code)
        if kind is Effect.PATIENT_SHARE:
            share += entry.amount
        denied = kind is Effect.DENIAL or (kind is Effect.UNKNOWN and entry.amount >= charge)
        if denied and entry.amount > 0:
            denial = known.denial if known is not None else None
            refusals.append(Refusal(entry.code, denial or Denial.OTHER, entry.amount))
    return _decide(
        remitted.paid,
        shared=share > 0,
        refusals=refusals,
        unknown=unknown,
        said_denied=category == "F2" or remitted.status == DENIED_AS_PRIMARY,
        said_paid=category == "F1",
        said_unpaid=category == "F4",
    )


def adjudicate_stated(status: ClaimStatus) -> Adjudication:
    """How a claim was decided by the portal's word alone: codes without their dollars.

    Where that leaves two readings there is no outcome: a payer that only says "processed" and
    paid nothing may have denied, or left everything to the patient.
    """
    codes = [(code, *code.partition("-")[::2]) for code in sorted(set(status.reason_codes))]
    effects = {code: effect(group, reason) for code, group, reason in codes}
    refusals = [
        Refusal(code, known.denial, None)
        for code, group, reason in codes
        if (known := meaning(group, reason)) is not None and known.denial is not None
    ]
    unknown = {code for code, kind in effects.items() if kind is Effect.UNKNOWN}
    shared = Effect.PATIENT_SHARE in effects.values()
    said_denied, said_paid = status.category == "F2", status.category == "F1"
    if status.paid is None and not said_denied:
        return _unclear("The portal calls the claim decided and states no paid amount.", unknown)
    paid = status.paid or ZERO
    if not said_denied and unknown:
        named = ", ".join(sorted(unknown))
        return _unclear(
            f"The portal gives {named}, which we do not know, without dollars.", unknown
        )
    owed = status.patient_responsibility or ZERO
    if not codes and not said_denied:
        explained = paid + owed == status.charge
        if not (paid or owed) or not (
            explained or (status.category or "").startswith(("F1", "F3"))
        ):
            return _unclear(
                f"The portal states {usd(paid)} paid and no reason code, which does not tell "
                "whether anything was denied.",
                unknown,
            )
        shared = owed > 0
    elif not (refusals or shared or paid or said_denied):
        return _unclear("The portal states nothing paid and no code that explains it.", unknown)
    return _decide(
        paid,
        shared=shared,
        refusals=refusals,
        unknown=unknown,
        said_denied=said_denied,
        said_paid=said_paid,
        said_unpaid=status.category == "F4",
    )


def _decide(
    paid: Decimal,
    *,
    shared: bool,
    refusals: Sequence[Refusal],
    unknown: set[str],
    said_denied: bool,
    said_paid: bool,
    said_unpaid: bool,
) -> Adjudication:
    """The outcome that money and codes give, unless the payer's own word contradicts it."""
    nothing = paid == 0 and not shared
    if nothing and (refusals or said_denied):
        outcome = Outcome.DENIED
    else:
        outcome = Outcome.PARTLY_PAID if refusals else Outcome.PAID
    told = tuple(refusals), tuple(sorted(unknown))
    if paid < 0:
        return Adjudication(None, *told, *_contradiction("paid a negative amount"))
    if said_denied and outcome is not Outcome.DENIED:
        what = f"{usd(paid)} paid" if paid else "an amount left to the patient"
        return Adjudication(
            None, *told, *_contradiction(f"calls the claim denied and states {what}")
        )
    if said_unpaid and paid:
        return Adjudication(
            None,
            *told,
            *_contradiction(f"says that no payment will come and states {usd(paid)} paid"),
        )
    if said_paid and outcome is Outcome.DENIED:
        return Adjudication(None, *told, *_contradiction("calls the claim paid and denied it all"))
    return Adjudication(outcome, *told)


def _contradiction(what: str) -> tuple[str, str]:
    return "status-contradicts-money", f"The payer {what}."


def _unclear(why: str, unknown: set[str]) -> Adjudication:
    return Adjudication(None, (), tuple(sorted(unknown)), "adjudication-unclear", why)
