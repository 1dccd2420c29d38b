"""What a payer's eob.yaml may say: where each figure of its remittance documents stands.

A document is read as rows of words. Rows that match a ``furniture`` pattern (page headings,
footers) belong to no part; every other row belongs to the part that the last matching
``sections`` entry opened, the first part being the header. In the parts that hold claims,
provider adjustments and the legend every row must be one that the layout describes, or the
document is refused, as it is when a row of a claim stands in another part: nothing is skipped
by accident.

``recognise``             texts that all stand on page 1 of this issuer's documents and no other's
``page_number``           two groups, this page and how many there are: a missing page is noticed
``page_columns``          how many columns of equal width a page is set in, like a newspaper; a
                          row across them ends what stands above it
``furniture``             patterns of rows to leave out wherever they stand
``payment.starts``        pattern of the row that opens a payment, where a document may hold
                          several; if it has a group, only where that says another text than
                          before. Furniture above it on its page belongs to it; pages may be
                          counted anew from such a page
``payment.fields``        trace_number, amount, payment_date, payer, payee, and method if it is
                          printed; from the header, the furniture and the totals (what is printed
                          twice must be the same)
``sections``              ``starts`` pattern; ``holds`` claims, provider_adjustments, totals, legend
                          or nothing; ``status`` of the claims in it, where the heading says so;
                          ``positive`` of its provider adjustments, where sections differ. The
                          heading may stand again where the section goes on over a page.
                          The opening row may itself be a row of what the section holds. With
                          ``rows`` every row of a section of totals or nothing matches one of them
``claims.starts``         pattern of a claim's first row; in place of it ``claims.ends``, pattern of
                          its last row, where the lines stand before the claim's head, or
                          ``claims.begins_with``, the field whose cell is filled, with another
                          text than before, in the first row of a claim of a table for all claims
``claims.continues``      pattern of a row that heads a claim again after a page break; its group is
                          one of the claim's two numbers
``claims.fields``         claim_id, payer_claim_number, status, member_id, charge, paid (where
                          they are not printed: the sum of the lines', less the adjustments of
                          the whole claim), patient_responsibility (where it is not printed: the
                          sum of the PR adjustments); a ``column`` of the lines' table is read from
                          the row that ``claims.totals`` matches, any other from whatever row of
                          the claim fills it, a ``pattern`` also from what ``totals`` matches. A
                          claim with a negative charge is a reversal where ``status`` is constant.
                          ``allowed`` and ``adjustments`` (but for ``fixed`` ones) are totals to
                          check only
``claims.adjustments``    pattern of a claim-level adjustment row
``lines.fields``          procedure, modifiers, service_date, units, charge, allowed, paid,
                          remarks; patient_responsibility is a total to check only
``lines.begins_with``     the field whose cell is filled in the first row of every line; later
                          rows of the line fill ``lines.stacked`` columns only. In place of it, for
                          lines that are no table: ``lines.starts``, pattern of a line's whole
                          first row; the rows beneath it begin with a label
``lines.whole_claim``     pattern of the ``begins_with`` cell of a row that is no line but holds
                          adjustments of the claim
``lines.adjustments``     pattern of one adjustment: in each cell of ``column`` (or in cells beside
                          each other, if it names several), or else in rows beneath the line,
                          one after the other, behind remark codes if a row has both; without a
                          group it has that of the one before. Before a claim's first line such
                          a row is the claim's own.
                          Under one heading the amounts may stand anywhere before the next one;
                          ``fixed`` are columns whose every amount, unless zero, is an adjustment
                          of one code, like ``{Deductible: PR-1}``; their totals are checked
``lines.remarks``         pattern of a row of remark codes beneath the line
``provider_adjustments``  pattern of an entry's row; ``reasons`` translates the payer's words;
                          ``positive: adds`` where an amount without a sign adds to the payment
``legend``                the payer's own marks: ``codes`` that are known, like ``{A: CO-45}``, and
                          the pattern of a row that explains one in a section that holds the legend
``totals.fields``         figures printed for the whole document, each checked against the sum or
                          count of what was read; they stand where payment.fields do: claim_count,
                          charge, allowed, adjustments, patient_responsibility, paid,
                          provider_adjustments, amount
``ignore``                patterns of rows in that part which say nothing that is needed
``other_labels``          labels beside which stands nothing that is needed; a value ends there
``other_columns``         headings beneath which stands nothing that is needed

A field has exactly one of ``label`` (the words to the right of it, up to the next label),
``beneath`` (the words under that label, in the row below one that is made of labels only),
``column`` (the words under that heading, which has | where it is broken over two rows),
``pattern`` (its one group, in a row's text) and ``constant``. ``pattern`` beside another must
match the whole text and takes its group; without it a number of the payment, claim or member and
a procedure are one word. ``values`` translates the payer's spellings; any other is
refused. ``into`` is text, money, date (in ``date_format``), period (two such days, of which the
first counts and may lack the year), integer or codes (split at spaces, commas and hyphens).
``when_missing: none`` allows it to be absent. An adjustment pattern has the named groups group,
reason and amount, or mark and amount; a legend's mark, group and reason; a provider adjustment's
reason, reference and amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from bots.layout_field import (
    AdjustmentPattern,
    Fields,
    MarkPattern,
    PagePattern,
    Pattern,
    ProviderPattern,
    StartPattern,
    ValuePattern,
    check_code,
    check_fields,
)
from bots.strict_yaml import Strict, load_strict

PAYMENT_NEEDS = frozenset({"trace_number", "amount", "payment_date", "payer", "payee"})
PAYMENT = PAYMENT_NEEDS | {"method"}
CLAIM_NEEDS = frozenset({"claim_id", "payer_claim_number"})
CLAIM_SUMS = frozenset({"charge", "paid"})
CLAIM = (
    CLAIM_NEEDS
    | CLAIM_SUMS
    | {"status", "patient_responsibility", "member_id", "allowed", "adjustments"}
)
LINE_NEEDS = frozenset({"procedure", "charge", "paid"})
LINE = LINE_NEEDS | {
    *("modifiers", "service_date", "units", "allowed", "remarks", "patient_responsibility"),
}
TOTALS = frozenset(
    {
        *("claim_count", "charge", "allowed", "adjustments", "patient_responsibility", "paid"),
        *("provider_adjustments", "amount"),
    }
)
Texts = Annotated[tuple[str, ...], Field(min_length=1)]
Code = Annotated[str, AfterValidator(check_code)]


class Payment(Strict):
    """The figures of the payment itself."""

    starts: StartPattern | None = None
    fields: Fields
    other_labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_fields(self.fields, allowed=PAYMENT, required=PAYMENT_NEEDS, columns=False)
        return self


class Section(Strict):
    """A row that opens a part of the document, and what that part holds."""

    starts: Pattern
    holds: Literal["claims", "provider_adjustments", "totals", "legend", "nothing"]
    status: str | None = None
    positive: Literal["reduces", "adds"] | None = None
    rows: tuple[Pattern, ...] = ()


class Claims(Strict):
    """One claim's block of rows."""

    starts: Pattern | None = None
    ends: Pattern | None = None
    begins_with: str | None = None
    continues: ValuePattern | None = None
    fields: Fields
    other_labels: tuple[str, ...] = ()
    totals: Pattern | None = None
    adjustments: AdjustmentPattern | None = None
    ignore: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        required = CLAIM_NEEDS | (CLAIM_SUMS & self.fields.keys())
        check_fields(self.fields, allowed=CLAIM, required=required, columns=True)
        if sum(one is not None for one in (self.starts, self.ends, self.begins_with)) != 1:
            raise ValueError("a claim has exactly one of starts, ends, begins_with")
        if self.begins_with and not getattr(self.fields.get(self.begins_with), "column", None):
            raise ValueError("begins_with names a field of the claim that stands under a column")
        return self


class LineAdjustments(Strict):
    """The adjustments of a line: in columns' cells, or in rows beneath the line."""

    pattern: AdjustmentPattern | None = None
    column: str | Texts | None = None
    fixed: Mapping[str, Code] = {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.pattern is None and (self.column or not self.fixed):
            raise ValueError("a pattern of one adjustment is missing")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings of the cells that hold adjustments with their codes."""
        return (self.column,) if isinstance(self.column, str) else (self.column or ())


class Lines(Strict):
    """The service lines: a table, which may go on over pages under repeated headings, or rows."""

    fields: Fields
    begins_with: str | None = None
    starts: Pattern | None = None
    stacked: tuple[str, ...] = ()
    other_columns: tuple[str, ...] = ()
    other_labels: tuple[str, ...] = ()
    whole_claim: Pattern | None = None
    adjustments: LineAdjustments
    remarks: ValuePattern | None = None
    ignore: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.begins_with is None) == (self.starts is None):
            raise ValueError("lines have exactly one of begins_with and starts")
        table = self.starts is None
        required = LINE_NEEDS | ({self.begins_with} if self.begins_with else set())
        check_fields(self.fields, allowed=LINE, required=required, columns=table)
        if table and any(field.column is None for field in self.fields.values()):
            raise ValueError("every field of a line stands under a column")
        if any(field.beneath is not None for field in self.fields.values()):
            raise ValueError("no field of a line stands beneath a label")
        known = {*self.fields, "adjustments", *self.other_columns}
        if unknown := set(self.stacked) - known:
            raise ValueError(f"stacked names {sorted(unknown)}, which are no fields of a line")
        if not table and self.headings:
            raise ValueError("lines without a table have no columns")
        return self

    @cached_property
    def headings(self) -> frozenset[str]:
        """Every heading of the table that is about lines."""
        named = {field.column for field in self.fields.values() if field.column is not None}
        of_adjustments = {*self.adjustments.columns, *self.adjustments.fixed}
        return frozenset(named | of_adjustments | set(self.other_columns))

    @cached_property
    def stacked_headings(self) -> frozenset[str]:
        """The headings of columns that later rows of a line may fill."""
        found: set[str] = set()
        for name in self.stacked:
            if name == "adjustments":
                found.update(self.adjustments.columns)
            else:
                field = self.fields.get(name)
                found.add(field.column if field and field.column else name)
        return frozenset(found)


class ProviderAdjustments(Strict):
    """The rows of a section that holds provider-level adjustments."""

    pattern: ProviderPattern
    reasons: Mapping[str, str] | None = None
    positive: Literal["reduces", "adds"] = "reduces"
    ignore: tuple[Pattern, ...] = ()


class Legend(Strict):
    """What the payer's own marks stand for."""

    codes: Mapping[str, Code] = {}
    pattern: MarkPattern | None = None
    ignore: tuple[Pattern, ...] = ()


class Totals(Strict):
    """Figures printed once for the whole document."""

    fields: Fields

    @model_validator(mode="after")
    def _complete(self) -> Self:
        check_fields(self.fields, allowed=TOTALS, required=frozenset(), columns=False)
        return self


class EobLayout(Strict):
    """eob.yaml, key by key."""

    recognise: Texts
    page_number: PagePattern | None = None
    page_columns: Annotated[int, Field(ge=1, le=4)] = 1
    furniture: tuple[Pattern, ...] = ()
    payment: Payment
    sections: tuple[Section, ...] = ()
    claims: Claims
    lines: Lines
    provider_adjustments: ProviderAdjustments | None = None
    legend: Legend = Legend()
    totals: Totals | None = None

    @model_validator(mode="after")
    def _claims_have_a_status(self) -> Self:
        by_section = all(s.status is not None for s in self.sections if s.holds == "claims")
        if "status" not in self.claims.fields and not (self.sections and by_section):
            raise ValueError(
                "a claim's status is neither in claims.fields nor in every section of claims"
            )
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.lines.starts is not None:
            if self.own_headings:
                raise ValueError("a column of a claim needs a table, and there is none here")
            if both := set(self.claim_labels) & set(self.line_labels):
                raise ValueError(f"{sorted(both)} are labels of a claim and of a line; which?")
        elif self.claims.totals is None and (
            shared := [k for k, f in self.claims.fields.items() if f.column in self.lines.headings]
        ):
            raise ValueError(f"{shared} of a claim stand under lines' columns without totals")
        return self

    @cached_property
    def own_headings(self) -> frozenset[str]:
        """The headings of columns that are a claim's and no line's."""
        columns = {field.column for field in self.claims.fields.values() if field.column}
        return frozenset(columns) - self.lines.headings

    @cached_property
    def headings(self) -> frozenset[str]:
        """Every heading of the table."""
        return self.lines.headings | self.own_headings

    @cached_property
    def roomy(self) -> tuple[str, ...]:
        """The heading of codes with their amounts, where one heading stands above both."""
        columns = self.lines.adjustments.columns
        return columns if len(columns) == 1 else ()

    @cached_property
    def claim_labels(self) -> tuple[str, ...]:
        """Every label that may stand in a claim's block, but for those of its lines."""
        return _labels(self.claims.fields, self.claims.other_labels)

    @cached_property
    def line_labels(self) -> tuple[str, ...]:
        """Every label that may stand in the rows of a line."""
        return _labels(self.lines.fields, self.lines.other_labels)

    @cached_property
    def payment_labels(self) -> tuple[str, ...]:
        """Every label that may stand in the header, the furniture and the totals."""
        totals = self.totals.fields if self.totals else {}
        return (
            *_labels(self.payment.fields, self.payment.other_labels),
            *_labels(totals, ()),
        )


def load_layout(path: Path) -> EobLayout:
    """The layout in the file at ``path``. Raises ProfileError naming file, line and remedy."""
    return load_strict(path, EobLayout)


def _labels(fields: Fields, others: tuple[str, ...]) -> tuple[str, ...]:
    named = [one.label or one.beneath for one in fields.values()]
    return (*(label for label in named if label), *others)
