"""An appeal's letter: a template with named blanks, filled from the record or left to a person."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from billing.codes.reasons import Denial
from billing.errors import BadInput

FRAME = "frame"
BLANK = re.compile(r"\[ ([^\[\]]+?) \]")
"""What a person fills in: ``[ the records enclosed ]``."""

_MONEY = re.compile(r"\$[0-9][0-9,]*(?:\.[0-9]{2})?")
_PACKAGED = "letters"

NEEDED: Mapping[str, str] = {
    "practice_name": "practice name",
    "practice_address": "practice address",
    "practice_phone": "practice phone",
    "practice_fax": "practice fax",
    "npi": "practice NPI",
    "tax_id": "practice tax ID",
    "signer": "name and title of who signs",
    "today": "date",
    "payer_name": "payer name",
    "payer_address": "payer's address for appeals",
    "claim_id": "our claim number",
    "payer_claim_number": "payer's claim number",
    "patient_name": "patient name",
    "date_of_birth": "date of birth",
    "member_id": "member ID",
    "service_dates": "dates of service",
    "charge": "charge",
    "paid": "amount paid",
    "denied": "amount in dispute",
    "notice_date": "date of the decision",
    "reasons": "the payer's reasons",
    "payer_words": "the payer's words",
    "denied_lines": "the service lines denied",
    "enclosed": "the exhibits",
}
"""The names that always stand for something: what the record lacks is a blank to fill in."""

SETTINGS: Mapping[str, str] = {
    "practice name": "provider under [edi]",
    "practice NPI": "npi under [edi]",
    "practice address": "address under [practice]",
    "practice phone": "phone under [practice]",
    "practice fax": "fax under [practice]",
    "practice tax ID": "tax_id under [practice]",
    "name and title of who signs": "signer under [practice]",
    "payer's address for appeals": "the payer's under [appeal_addresses]",
}
"""Where the settings would have what a blank asks for."""

OPTIONAL = (
    "patient_responsibility",
    "reason_codes",
    "remark_codes",
    "trace_number",
    "decision_exhibits",
    "proof_exhibit",
    "filing",
    "submitted",
    "authorization_number",
    "appeal_limit",
)
"""The names that are empty where the record has nothing: a template asks for them by ``if``."""


@dataclass(frozen=True, slots=True)
class Source:
    """A template: its text and what a refusal calls it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as text, a paragraph a line; ``blanks`` says what a person fills in, ``doubts`` what
    a person looks at, without anything of the patient."""

    text: str
    blanks: tuple[str, ...]
    doubts: tuple[str, ...] = ()


def find_letter(kind: str, payer: str | None, folder: Path) -> Source:
    """The template of this name: the payer's own, else the user's own, else ours.

    Raises BadInput when one cannot be read.
    """
    own = [folder / payer] if payer else []
    for place in (*own, folder):
        path = place / f"{kind}.txt"
        if path.is_file():
            return read_letter(path)
    packaged = files("console").joinpath(_PACKAGED, f"{kind}.txt")
    return Source(f"{kind}.txt", packaged.read_text(encoding="utf-8"))


def read_letter(path: Path) -> Source:
    """A person's letter or template. Raises BadInput when it cannot be read."""
    try:
        return Source(str(path), path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError:
        raise BadInput(f"{path}: is no text in UTF-8; save it as such") from None


def write_letter(
    denials: Sequence[Denial], payer: str | None, folder: Path, values: Mapping[str, str]
) -> Letter:
    """The letter of these denial classes in their order, filled from the record by name.

    Raises BadInput naming file and line when a template uses a name that does not exist.
    """
    bodies = [find_letter(denial, payer, folder) for denial in denials]
    frame = find_letter(FRAME, payer, folder)
    body = "\n\n".join(_filled(one, values).strip("\n") for one in bodies)
    text = _filled(frame, {**values, "body": body})
    return Letter(text, _blanks(text, (*bodies, frame), "the letter"))


def finish_letter(source: Source, values: Mapping[str, str], figures: Sequence[str]) -> Letter:
    """A letter that a person edited; names in it are filled as in a template.

    Its amounts must be ``figures`` of the record, or are told as doubts.
    """
    text = _filled(source, values)
    doubts = [
        f"{source.name}, line {number}: {amount} is no figure of the record"
        for number, line in enumerate(text.splitlines(), 1)
        for amount in _MONEY.findall(line)
        if amount not in figures
    ]
    return Letter(text, _blanks(text, (), source.name), tuple(doubts))


def _filled(source: Source, values: Mapping[str, str]) -> str:
    every = {name: values.get(name) or f"[ {label} ]" for name, label in NEEDED.items()}
    every |= {name: values.get(name, "") for name in OPTIONAL}
    every |= {"body": values["body"]} if "body" in values else {}
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        tree = environment.parse(source.text)
    except TemplateSyntaxError as error:
        raise BadInput(
            f"{source.name}:{error.lineno}: cannot be read as a letter with blanks; write them as "
            "{{ name }} or {% if name %} … {% endif %}, and close each"
        ) from None
    unknown = find_undeclared_variables(tree) - every.keys()
    for name in tree.find_all(nodes.Name):
        if name.name in unknown:
            raise BadInput(
                f"{source.name}:{name.lineno}: there is no {name.name!r}; there are: "
                f"{', '.join(sorted(every))}"
            )
    try:
        return environment.from_string(source.text).render(every)
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError):
        raise BadInput(
            f"{source.name}: cannot be filled in; use only {{{{ name }}}} and {{% if name %}}"
        ) from None


def _blanks(text: str, sources: Sequence[Source], name: str) -> tuple[str, ...]:
    """What is left to fill in; words that may hold something of the patient stay out."""
    harmless = {label for source in sources for label in BLANK.findall(source.text)}
    harmless = {label for label in harmless if "{" not in label} | set(NEEDED.values())
    found = {
        _told(blank) if blank in harmless else f"line {number} of {name}": None
        for number, line in enumerate(text.splitlines(), 1)
        for blank in BLANK.findall(line)
    }
    return tuple(found)


def _told(blank: str) -> str:
    return f"{blank} (settings: {SETTINGS[blank]})" if blank in SETTINGS else blank
