"""A portal that drifts from its profile is told loudly, with the change to the profile proposed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from billing.coverage import EligibilityReport
from billing.ledger import EvidenceDamaged, EvidenceMissing, Ledger
from billing.report import Drift, SweepReport
from bots.profile import Profile
from bots.reading.drift import nearest, propose
from console.swept import drift_file, drift_note


def drift_files(
    ledger: Ledger, report: SweepReport | EligibilityReport, profiles: Mapping[str, Profile]
) -> dict[str, tuple[str, bytes]]:
    """What each file is → its name and text: remarks, then a diff of the profile to review.

    It applies with git apply or patch -p1 in the folder that holds the profiles' folder.
    """
    return {
        f"drift of {payer}": (
            drift_file(payer),
            proposal(ledger, profiles[payer], drift).encode(),
        )
        for payer, drift in report.drift.items()
        if payer in profiles
    }


def proposal(ledger: Ledger, profile: Profile, drift: tuple[Drift, ...]) -> str:
    """Remarks on the drift, then a diff of the profile, for patch -p1."""
    return "".join(_proposal(ledger, profile, drift))


def _proposal(ledger: Ledger, profile: Profile, drift: tuple[Drift, ...]) -> Iterator[str]:
    path = profile.folder / "profile.yaml"
    text = path.read_text(encoding="utf-8")
    name = f"{profile.folder.parent.name}/{profile.folder.name}/{path.name}"
    yield f"# {drift_note(profile.id, drift).sentence}\n"
    yield "# Compare it with the captured pages before you apply it, and run profile test after.\n"
    for one in drift:
        if one.found_by is None and one.evidence is not None:
            try:
                near = nearest(one.wanted, ledger.fetch(one.evidence), text)
                said = f"nearest there: '{near}'" if near else "nothing there is like it"
            except (EvidenceMissing, EvidenceDamaged) as error:
                said = str(error)
            yield f"# {one.wanted} is not on captured page {one.evidence[:12]}; {said}\n"
    yield propose(text, drift, name)
