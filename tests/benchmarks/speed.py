"""How near a sweep comes to waiting for nothing but the portal: what was measured, as ratios."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from beside_script import DIRECT, OURS, PLAIN, Round
from starting import Start

AIMS = {0.0: (None, None), 100.0: (1.15, 0.90), 1000.0: (1.05, 0.97)}


def session_rows(sessions: Sequence[Round]) -> list[list[str]]:
    """Of sweeps and scripts: what was measured, the figure, and what it should be."""
    rows = []
    for answer_ms in sorted({one.answer_ms for one in sessions}):
        here = [one for one in sessions if one.answer_ms == answer_ms]
        script, ours, direct = _of(here, PLAIN), _of(here, OURS), _of(here, DIRECT)
        name = OURS if ours else DIRECT
        ours = ours or direct
        if not (script and ours):
            continue
        beside, share = AIMS.get(answer_ms, (None, None))
        at = f"at {answer_ms:,.0f} ms"
        rows += [
            [f"{at}: seconds a claim, script", f"{_each(script):.3f}", ""],
            [f"{at}: seconds a claim, {name}", f"{_each(ours):.3f}", ""],
            [f"{at}: {name} / script", f"{_each(ours) / _each(script):.2f}x", _most(beside)],
            [f"{at}: processor seconds of the command, script", f"{_cpu(script):.1f}", ""],
            [f"{at}: processor seconds of the command, {name}", f"{_cpu(ours):.1f}", ""],
            [f"{at}: share that waits for the portal, script", f"{_share(script):.0%}", ""],
            [
                f"{at}: share that waits for the portal, {name}",
                f"{_share(ours):.0%}",
                f">= {share:.0%}" if share else "",
            ],
        ]
        if name == OURS and direct:
            more = _each(ours) / _each(direct) - 1
            rows.append([f"{at}: a claim with Prefect over one without", f"{more:+.1%}", "<= 1%"])
    return rows


def start_rows(starts: Sequence[Start]) -> list[list[str]]:
    """Of starting: what was measured, the figure, and what it should be."""
    rows = []
    for ours_named, other, aim in (
        ("claimsweep --help", "prefect --help", 0.3),
        ("claimsweep check", "bare launch", 2.0),
    ):
        one = [start for start in starts if start.what == ours_named]
        two = [start for start in starts if start.what == other]
        if one and two:
            clock = median(s.seconds for s in one) / median(s.seconds for s in two)
            cpu = median(s.cpu for s in one) / median(s.cpu for s in two)
            rows.append([f"{ours_named} / {other}", f"{clock:.2f}x", _most(aim)])
            if other == "prefect --help":  # a check's processor time is of all that follows too
                rows.append([f"{ours_named} / {other}, processor", f"{cpu:.2f}x", ""])
    return rows


def _of(some: Sequence[Round], side: str) -> list[Round]:
    return [one for one in some if one.side == side and not one.failed]


def _each(some: Sequence[Round]) -> float:
    return median(one.each for one in some)


def _share(some: Sequence[Round]) -> float:
    return median(one.share for one in some)


def _cpu(some: Sequence[Round]) -> float:
    return median(one.cpu for one in some)


def _most(aim: float | None) -> str:
    return f"<= {aim}x" if aim else ""
