"""The report of a week or month for those who lead: figures, charts and definitions, no patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jinja2 import Environment

from billing.codes.reasons import explain
from billing.kpi import (
    BUCKETS,
    NOT_ASKED_AGAIN,
    NOT_TAKEN,
    REFUSED,
    AgedBy,
    Aging,
    Figure,
    Night,
    Part,
    Period,
    aging,
    denial_mix,
    figures,
    new_decisions,
    nights,
    skipped,
    standing,
)
from billing.kpi_definitions import DEFINITIONS, FROM_EXPORTS, Definition
from billing.money import ZERO, usd
from billing.operations import PortalDays, portals
from billing.report import DenialFamily
from console.charts import Bar, columns, paired_bars, stacked_bars
from console.pages import STYLES, page_environment
from console.words import counted, kind_words

HEADLINES = (
    "money_found",
    "money_at_risk",
    "denial_rate",
    "days_in_ar",
    "net_collection",
    "coverage",
)
MOST_PAYERS = 8  # in a chart; the table has them all
MOST_CLASSES = 8
STYLE = STYLES / "report.css"


@dataclass(frozen=True, slots=True)
class Told:
    """A period as it is reported; ``before`` is the one to compare with, None if nothing was swept.

    ``unfinished`` sweeps of the period are left out.
    """

    name: str
    now: Period
    before: Period | None
    families: tuple[DenialFamily, ...] | None
    payer_names: Mapping[str, str]
    unfinished: int = 0

    def title(self) -> str:
        """``Week of 2026-11-18 to 2026-11-24``."""
        return f"{self.name} of {self.now.first} to {self.now.last}"


@dataclass(frozen=True, slots=True)
class Line:
    """One figure now and before, with its definition."""

    key: str
    definition: Definition
    now: Figure
    before: Figure | None


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a period's report shows, worked out once."""

    told: Told
    lines: tuple[Line, ...]
    aged: tuple[Aging, ...]
    rebilled: tuple[Aging, ...]
    mix: dict[str, tuple[Part, Part | None]]
    nights: tuple[Night, ...]
    skipped: dict[str, int]
    portals: tuple[PortalDays, ...]


def work_out(told: Told) -> Figures:
    """Every figure of the period and of the one before it."""
    now = figures(told.now)
    before = figures(told.before) if told.before is not None else {}
    held = standing(told.now)
    mix = denial_mix(new_decisions(told.now))
    mix_before = denial_mix(new_decisions(told.before)) if told.before is not None else {}
    nothing = Part(0, ZERO)
    unknown = None if told.before is None else nothing
    names, last = told.payer_names, told.now.last
    return Figures(
        told=told,
        lines=tuple(
            Line(key, definition, now[key], before.get(key))
            for key, definition in DEFINITIONS.items()
        ),
        aged=aging(held, payer_names=names, as_of=last),
        rebilled=aging(held, payer_names=names, as_of=last, by=AgedBy.LAST_BILLED),
        mix={
            kind: (mix.get(kind, nothing), mix_before.get(kind, unknown))
            for kind in (*mix, *(kind for kind in mix_before if kind not in mix))
        },
        nights=nights(told.now),
        skipped=skipped(told.now),
        portals=portals(told.now.sweeps, told.now.logins),
    )


def page(worked: Figures, *, files: Sequence[str]) -> str:
    """The report as one self-contained HTML page without scripts, outside addresses or patients."""
    template = _environment().get_template("period.html.j2")
    return template.render(
        told=worked.told, sheet=STYLE.read_text(), body=body(worked), files=files
    )


def body(worked: Figures) -> str:
    """What the report says, as HTML without a heading of its own, to stand in a page that has the
    style of ``web/static/report.css``."""
    told = worked.told
    return (
        _environment()
        .get_template("period_body.html.j2")
        .render(
            told=told,
            sweeps=counted(len(told.now.sweeps), "sweep"),
            compared=_compared(told),
            headlines=[line for line in worked.lines if line.key in HEADLINES],
            lines=worked.lines,
            from_exports=FROM_EXPORTS,
            aging_chart=_aging_chart(worked.aged),
            aged=worked.aged,
            rebilled=worked.rebilled if any(row.total.claims for row in worked.rebilled) else (),
            buckets=BUCKETS,
            mix=worked.mix,
            mix_chart=_mix_chart(worked.mix),
            nights=worked.nights,
            nights_chart=_nights_chart(worked.nights),
            skipped=worked.skipped,
            portals=worked.portals,
            families=told.families,
        )
    )


def shown(figure: Figure | None, definition: Definition) -> str:
    """A figure in words: ``12.5 %``, ``$1,204.00``, ``41.3 days``, ``unknown``."""
    if figure is None or figure.value is None:
        return "unknown"
    match definition.unit:
        case "percent":
            return f"{figure.value} %"
        case "dollars":
            return usd(figure.value)
        case "days":
            return f"{figure.value} days"
        case _:
            return f"{figure.value}"


def change(line: Line) -> str:
    """How a figure moved since the period before, and whether that is the way it should go."""
    now, before = line.now.value, line.before.value if line.before is not None else None
    if before is None:
        return "nothing to compare with"
    if now is None:
        return f"before: {shown(line.before, line.definition)}"
    if now == before:
        return "as before"
    unit = line.definition.unit
    by = usd(abs(now - before)) if unit == "dollars" else f"{abs(now - before)}"
    by += {"percent": " points", "days": " days"}.get(unit, "")
    wanted = line.definition.wanted
    word = "" if not wanted else ", better" if (now > before) == (wanted == "more") else ", worse"
    return f"{'up' if now > before else 'down'} {by}{word}"


def _compared(told: Told) -> str:
    if told.before is not None:
        sweeps = counted(len(told.before.sweeps), "sweep")
        return f"Compared with {told.before.first} to {told.before.last}, {sweeps}."
    if len(told.now.sweeps) == 1:
        return "The ledger holds one sweep of this period and none before: nothing to compare with."
    return "The ledger holds no sweep of the period before: there is nothing to compare with."


def _environment() -> Environment:
    environment = page_environment()
    environment.filters |= {
        "kind": skip_words,
        "meaning": lambda code: explain(code).split(";")[0],
    }
    environment.globals |= {"shown": shown, "change": change}
    return environment


def skip_words(kind: str) -> str:
    """The words for a kind of finding, or for a row that no sweep took."""
    words = {
        NOT_TAKEN: "Left out of the sweep",
        NOT_ASKED_AGAIN: "Not asked again: cannot have changed",
        REFUSED: "Export row refused",
    }
    return words.get(kind) or kind_words(kind)


def _aging_chart(aged: Sequence[Aging]) -> str:
    first, rest = aged[:MOST_PAYERS], aged[MOST_PAYERS:]
    bars = [
        Bar(row.payer, tuple(part.dollars for part in row.buckets), _whole(row.total.dollars))
        for row in first
    ]
    if rest:
        sums = tuple(
            sum((row.buckets[n].dollars for row in rest), ZERO) for n in range(len(BUCKETS))
        )
        bars.append(Bar(counted(len(rest), "more payer"), sums, _whole(sum(sums, ZERO))))
    said = "; ".join(f"{bar.name}: {bar.label}" for bar in bars)
    return stacked_bars(
        "aging",
        "Open balances by payer and days since service",
        f"One bar a payer, split by age. {said}.",
        [f"{bucket} days" for bucket in BUCKETS],
        bars,
    )


def _mix_chart(mix: Mapping[str, tuple[Part, Part | None]]) -> str:
    bars = [
        Bar(
            kind_words(kind).removeprefix("Denied: ").capitalize(),
            (now.dollars,) if old is None else (now.dollars, old.dollars),
            f"{_whole(now.dollars)} on {now.claims}"
            + ("" if old is None else f"; before {_whole(old.dollars)} on {old.claims}"),
        )
        for kind, (now, old) in list(mix.items())[:MOST_CLASSES]
    ]
    said = "; ".join(f"{bar.name}: {bar.label}" for bar in bars)
    return paired_bars(
        "mix",
        "Denied dollars by class, this period and the one before",
        "Two bars a class: hatched is this period, the outline below it the one before, where it "
        f"is known. {said}.",
        bars,
    )


def _nights_chart(told: Sequence[Night]) -> str:
    bars = [
        Bar(
            f"{night.day:%m-%d}",
            (Decimal(night.checked), Decimal(night.due)),
            f"{night.checked} of {night.due}",
        )
        for night in told
    ]
    said = "; ".join(f"{night.day}: {night.checked} of {night.due}" for night in told)
    return columns(
        "nights",
        "Checks that a payer answered, of those due, by day",
        f"One column a day: hatched is answered, the outline is due. {said}.",
        bars,
    )


def _whole(amount: Decimal) -> str:
    return f"${amount:,.0f}"
