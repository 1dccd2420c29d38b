"""What a payer's eob.yaml may say: where each figure of its remittance documents stands.

A document is read as rows of words. Rows that match a ``furniture`` pattern (page headings,
footers) belong to no part; every other row belongs to the part that the last matching
``sections`` entry opened, the first part being the header. In the parts that hold claims and
provider adjustments every row must be one that the layout describes, or the document is refused:
nothing is skipped by accident.

``recognise``             texts that all stand on page 1 of this issuer's documents and no other's
``page_number``           two groups, this page and how many there are: a missing page is noticed
``furniture``             patterns of rows to leave out wherever they stand
``payment.fields``        trace_number, method, amount, payment_date, payer, payee; from the header,
                          the furniture and the totals (what is printed twice must be the same)
``sections``              ``starts`` pattern; ``holds`` claims, provider_adjustments, totals or
                          nothing; ``status`` of the claims in it, where the heading says so
``claims.starts``         pattern of a claim's first row
``claims.fields``         claim_id, payer_claim_number, status, charge, paid,
                          patient_responsibility, member_id; a ``column`` is read from the row
                          that ``claims.totals`` matches. ``allowed`` and ``adjustments`` are
                          totals to check only
``claims.adjustments``    pattern of a claim-level adjustment row
``lines.fields``          procedure, modifiers, service_date, units, charge, allowed, paid,
                          remarks; patient_responsibility is a total to check only
``lines.begins_with``     the field whose cell is filled in the first row of every line; later
                          rows of the line fill ``lines.stacked`` columns only
``lines.adjustments``     pattern of one adjustment: in each cell of ``column``, or else a row
                          beneath the line
``lines.remarks``         pattern of a row of remark codes beneath the line
``provider_adjustments``  pattern of an entry's row
``totals.fields``         figures printed for the whole document, each checked against the sum or
                          count of what was read; they stand where payment.fields do: claim_count,
                          charge, allowed, adjustments, patient_responsibility, paid,
                          provider_adjustments, amount
``ignore``                patterns of rows in that part which say nothing that is needed
``other_labels``          labels beside which stands nothing that is needed; a value ends there

A field has exactly one of ``label`` (the words to the right of it, up to the next label),
``column`` (the words under that heading), ``pattern`` (its one group, in a row's text) and
``constant``. ``pattern`` beside label or column must match their whole text and takes its group.
``values`` translates the payer's spellings; any other is refused. ``into`` is text, money, date
(in ``date_format``), integer or codes (split at spaces and commas). ``when_missing: none`` allows
it to be absent. An adjustment pattern has the named groups group, reason and amount; a provider
adjustment's reason, reference and amount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from bots.strict_yaml import load_strict

PAYMENT = frozenset({"trace_number", "method", "amount", "payment_date", "payer", "payee"})
CLAIM = frozenset(
    {
        "claim_id",
        "payer_claim_number",
        "status",
        "charge",
        "paid",
        "patient_responsibility",
        "member_id",
        "allowed",
        "adjustments",
    }
)
LINE = frozenset(
    {
        "procedure",
        "modifiers",
        "service_date",
        "units",
        "charge",
        "allowed",
        "paid",
        "remarks",
        "patient_responsibility",
    }
)
TOTALS = frozenset(
    {
        "claim_count",
        "charge",
        "allowed",
        "adjustments",
        "patient_responsibility",
        "paid",
        "provider_adjustments",
        "amount",
    }
)


class Strict(BaseModel):
    """Every part of a layout is frozen and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no pattern: {error}") from None
    return pattern


def _with_groups(count: int, *names: str) -> AfterValidator:
    def check(pattern: str) -> str:
        compiled = re.compile(_compiles(pattern))
        if names and set(compiled.groupindex) != set(names):
            raise ValueError(f"must have the named groups {', '.join(names)} and no others")
        if compiled.groups != count:
            raise ValueError(f"must have {count} group{'s' if count > 1 else ''}, the value")
        return pattern

    return AfterValidator(check)


Pattern = Annotated[str, AfterValidator(_compiles)]
ValuePattern = Annotated[str, _with_groups(1)]
PagePattern = Annotated[str, _with_groups(2)]
AdjustmentPattern = Annotated[str, _with_groups(3, "group", "reason", "amount")]
ProviderPattern = Annotated[str, _with_groups(3, "reason", "reference", "amount")]
Texts = Annotated[tuple[str, ...], Field(min_length=1)]


class EobField(Strict):
    """Where one value stands, and what it is."""

    label: str | None = None
    column: str | None = None
    pattern: ValuePattern | None = None
    constant: str | None = None
    into: Literal["text", "money", "date", "integer", "codes"] = "text"
    date_format: str = "%m/%d/%Y"
    values: Mapping[str, str] | None = None
    when_missing: Literal["none"] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [k for k in ("label", "column", "constant") if getattr(self, k) is not None]
        if len(kinds) > 1 or not (kinds or self.pattern):
            raise ValueError("a field has exactly one of label, column, pattern, constant")
        return self


Fields = Mapping[str, EobField]


class Payment(Strict):
    """The figures of the payment itself."""

    fields: Fields
    other_labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_fields(self.fields, allowed=PAYMENT, required=PAYMENT, columns=False)
        return self


class Section(Strict):
    """A row that opens a part of the document, and what that part holds."""

    starts: Pattern
    holds: Literal["claims", "provider_adjustments", "totals", "nothing"]
    status: str | None = None


class Claims(Strict):
    """One claim's block of rows."""

    starts: Pattern
    fields: Fields
    other_labels: tuple[str, ...] = ()
    totals: Pattern | None = None
    adjustments: AdjustmentPattern | None = None
    ignore: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        required = {"claim_id", "payer_claim_number", "charge", "paid", "patient_responsibility"}
        columns = self.totals is not None
        _check_fields(self.fields, allowed=CLAIM, required=required, columns=columns)
        return self


class LineAdjustments(Strict):
    """One adjustment of a line: in a column's cells, or in rows beneath the line."""

    pattern: AdjustmentPattern
    column: str | None = None


class Lines(Strict):
    """The table of service lines, which may go on over pages under repeated headings."""

    fields: Fields
    begins_with: str
    stacked: tuple[str, ...] = ()
    other_columns: tuple[str, ...] = ()
    adjustments: LineAdjustments
    remarks: ValuePattern | None = None
    ignore: tuple[Pattern, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        required = {"procedure", "charge", "paid", self.begins_with}
        _check_fields(self.fields, allowed=LINE, required=required, columns=True)
        if any(field.column is None for field in self.fields.values()):
            raise ValueError("every field of a line stands under a column")
        if unknown := set(self.stacked) - {*self.fields, "adjustments"}:
            raise ValueError(f"stacked names {sorted(unknown)}, which are no fields of a line")
        return self

    @property
    def columns(self) -> Mapping[str, str]:
        """Every column's heading by the field that stands under it."""
        named = {key: field.column for key, field in self.fields.items() if field.column}
        if self.adjustments.column is not None:
            named["adjustments"] = self.adjustments.column
        return named | {f"other: {heading}": heading for heading in self.other_columns}


class ProviderAdjustments(Strict):
    """The rows of a section that holds provider-level adjustments."""

    pattern: ProviderPattern
    ignore: tuple[Pattern, ...] = ()


class Totals(Strict):
    """Figures printed once for the whole document."""

    fields: Fields

    @model_validator(mode="after")
    def _complete(self) -> Self:
        _check_fields(self.fields, allowed=TOTALS, required=set(), columns=False)
        return self


class EobLayout(Strict):
    """eob.yaml, key by key."""

    recognise: Texts
    page_number: PagePattern | None = None
    furniture: tuple[Pattern, ...] = ()
    payment: Payment
    sections: tuple[Section, ...] = ()
    claims: Claims
    lines: Lines
    provider_adjustments: ProviderAdjustments | None = None
    totals: Totals | None = None

    @model_validator(mode="after")
    def _claims_have_a_status(self) -> Self:
        by_section = all(s.status is not None for s in self.sections if s.holds == "claims")
        if "status" not in self.claims.fields and not (self.sections and by_section):
            raise ValueError(
                "a claim's status is neither in claims.fields nor in every section of claims"
            )
        return self


def load_layout(path: Path) -> EobLayout:
    """The layout in the file at ``path``. Raises ProfileError naming file, line and remedy."""
    return load_strict(path, EobLayout)


def _check_fields(
    fields: Fields, *, allowed: frozenset[str], required: set[str] | frozenset[str], columns: bool
) -> None:
    if unknown := fields.keys() - allowed:
        raise ValueError(f"fields {sorted(unknown)} are not known; allowed: {sorted(allowed)}")
    if missing := required - fields.keys():
        raise ValueError(f"fields {sorted(missing)} are missing; add them")
    if not columns and any(field.column is not None for field in fields.values()):
        raise ValueError("a column needs a table, and there is none here")
