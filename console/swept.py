"""A sweep as its outputs tell it: payers by name, rising denials, portals that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from billing.denial_families import NineWeeks, denial_families
from billing.ledger import Ledger
from billing.report import DenialFamily, Drift, PayerNote, SweepReport
from bots.profile import Profile

ENDINGS = {2: "nd", 3: "rd"}


def sweep_report(ledger: Ledger, sweep_id: str, profiles: Mapping[str, Profile]) -> SweepReport:
    """The sweep's results with the payers' names, the denial families that rise on its day, and a
    note of every portal that drifted."""
    names = {profile.id: profile.file.payer.name for profile in profiles.values()}
    report = ledger.report(sweep_id)
    drifted = [drift_note(payer, drift) for payer, drift in report.drift.items()]
    return replace(
        report,
        payer_names=names,
        payer_notes=(*report.payer_notes, *drifted),
        families=rising_families(ledger, report.business_date),
    )


def rising_families(ledger: Ledger, until: date) -> tuple[DenialFamily, ...] | None:
    """The denial families that rise in the week up to ``until``; None without a history."""
    days = NineWeeks.up_to(until)
    counted = ledger.denials(days)
    return denial_families(
        counted.decided, counted.refused, lambda family: ledger.family_members(family, days)
    )


def drift_note(payer: str, drift: tuple[Drift, ...]) -> PayerNote:
    """One sentence for the sweep's summary and the morning sheet."""
    said = [
        f"{one.wanted} was found by its {_ordinal(one.nth)} way, {one.found_by}"
        if one.found_by
        else f"{one.wanted} was not found"
        for one in drift
    ]
    score = sum(one.points for one in drift)
    return PayerNote(
        payer,
        "drift",
        f"The portal changed: {'; '.join(said)} (drift score {score}); review {drift_file(payer)}.",
    )


def drift_file(payer: str) -> str:
    """The name of the file among a sweep's outputs that proposes the change."""
    return f"drift-{payer}.diff"


def _ordinal(number: int) -> str:
    return f"{number}{ENDINGS.get(number, 'th')}"
