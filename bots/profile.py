"""One payer's folder becomes one frozen Profile, or a refusal naming file and line."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator

from billing.errors import ProfileError
from billing.fee_schedule import FeeSchedule
from billing.findings import FINDINGS
from billing.payer_rules import PayerRules, Rule
from billing.priority import Chance
from bots.claim_task import ClaimStatusTask
from bots.eligibility_task import EligibilityTask
from bots.entrance import Login, Policy, Session
from bots.fee_schedule import FEE_SCHEDULE, load_fee_schedule
from bots.layout import EobLayout, load_layout
from bots.page_language import Locators
from bots.strict_yaml import Strict, hash_of_values, load_strict

ISSUERS = "_issuers"
CATEGORY = re.compile(r"^(A[0-8]|P[0-5]|F[0-4][FN]?|R\d{1,2}|E[0-4]|D0)$")


class Payer(Strict):
    """Who the payer is, and how exports spell it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    also_known_as: tuple[str, ...] = ()


class Portal(Strict):
    """Where the portal lives; other hosts it needs to load from."""

    address: str = Field(pattern=r"^https?://[^/]+$")
    hosts: tuple[str, ...] = ()


class Tasks(Strict):
    """What this portal can be asked."""

    claim_status: ClaimStatusTask
    eligibility: EligibilityTask | None = None


class RuleEntry(Strict):
    """A payer's number of days with its source."""

    days: int = Field(gt=0)
    source: str
    read_on: date


class ChanceEntry(Strict):
    """What acting on a kind of finding brings at this payer, and who says so."""

    percent: Decimal = Field(ge=0, le=100)
    source: str = Field(min_length=1)


class Rules(Strict):
    """Deadlines; what is absent is unknown and goes to a person."""

    timely_filing: RuleEntry | None = None
    appeal: RuleEntry | None = None
    recheck: RuleEntry | None = None
    pending_escalation: RuleEntry | None = None


class ProfileFile(Strict):
    """profile.yaml, key by key."""

    payer: Payer
    policy: Policy
    portal: Portal
    session: Session
    login: Login
    tasks: Tasks
    vocabulary: Mapping[str, str]
    rules: Rules
    chances: Mapping[str, ChanceEntry] = {}

    @property
    def ended_when(self) -> Locators:
        """What shows that a session is over: the portal's own words, or its login form."""
        form = tuple(s.fill for s in self.login.steps if s.fill and "{secret." in s.fill.value)
        return (*self.session.ended_when, *form)

    @model_validator(mode="after")
    def _no_session_is_kept_where_that_locks(self) -> Self:
        if self.session.reuse is not None and self.login.busy_when is not None:
            raise ValueError(
                "session.reuse: login.busy_when says that the portal keeps the account out after a "
                "session that was not left; take one of them away"
            )
        return self

    @model_validator(mode="after")
    def _the_list_says_known_words(self) -> Self:
        listed = self.tasks.claim_status.claim_list
        for words in (*listed.whole, *listed.opened) if listed else ():
            if words not in self.vocabulary:
                near = get_close_matches(words, self.vocabulary, 1)
                hint = f"; did you mean {near[0]}?" if near else "; add it there"
                raise ValueError(f"claim_list: {words!r} is not in the vocabulary{hint}")
        return self

    @field_validator("chances")
    @classmethod
    def _known_findings(cls, value: Mapping[str, ChanceEntry]) -> Mapping[str, ChanceEntry]:
        for kind in value:
            if kind not in FINDINGS:
                near = get_close_matches(kind, FINDINGS, 1) or sorted(FINDINGS)[:1]
                raise ValueError(f"{kind!r} is no kind of finding; such as {near[0]}")
        return value

    @field_validator("vocabulary")
    @classmethod
    def _known_categories(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        for phrase, category in value.items():
            if not CATEGORY.match(category):
                raise ValueError(f"{phrase!r}: {category!r} is not a 277 claim status category")
        return value


class Profile(Strict):
    """One payer: its file, EOB layout and contract prices, and the hash of what was approved."""

    file: ProfileFile
    eob: EobLayout | None
    sha256: str
    folder: Path
    fees: FeeSchedule | None = None

    @property
    def id(self) -> str:
        """The folder's name, which keys everything this payer has in the ledger."""
        return self.file.payer.id

    @property
    def rules(self) -> PayerRules:
        """The deadlines in billing's own type."""
        entries = {name: getattr(self.file.rules, name) for name in Rules.model_fields}
        return PayerRules(
            **{
                name: Rule(days=entry.days, source=entry.source, read_on=entry.read_on)
                for name, entry in entries.items()
                if entry is not None
            }
        )

    @property
    def chances(self) -> dict[str, Chance]:
        """This payer's own chances of success, by kind of finding."""
        return {
            kind: Chance(entry.percent / 100, entry.source)
            for kind, entry in self.file.chances.items()
        }


def load_profile(folder: Path) -> Profile:
    """The profile in ``folder``. Raises ProfileError with file, line, fact and remedy."""
    path = folder / "profile.yaml"
    if not path.is_file():
        raise ProfileError(f"{path}: no such file; every payer folder needs a profile.yaml")
    file = load_strict(path, ProfileFile)
    if file.payer.id != folder.name:
        raise ProfileError(
            f"{path}: payer.id is {file.payer.id!r} but the folder is {folder.name!r}; "
            "make them the same"
        )
    layout, prices = folder / "eob.yaml", folder / FEE_SCHEDULE
    return Profile(
        file=file,
        eob=load_layout(layout) if layout.is_file() else None,
        sha256=hash_of_values(path, without="policy"),
        folder=folder,
        fees=load_fee_schedule(prices) if prices.is_file() else None,
    )


def load_profiles(folder: Path) -> dict[str, Profile]:
    """All payers under ``folder`` by id. Raises ProfileError at the first one that is wrong."""
    if not folder.is_dir():
        raise ProfileError(f"{folder}: no such folder; --profiles names the folder of payers")
    profiles = {
        entry.name: load_profile(entry)
        for entry in sorted(folder.iterdir())
        if entry.is_dir() and not entry.name.startswith((".", "_"))
    }
    if not profiles:
        raise ProfileError(f"{folder}: holds no payer; add a folder with a profile.yaml")
    spellings(profiles)
    return profiles


def load_layouts(folder: Path) -> dict[str, EobLayout]:
    """The layouts of all payers under ``folder`` and of the issuers without a portal, by id.

    Such an issuer has only an eob.yaml, in ``_issuers/<id>``. Raises ProfileError.
    """
    layouts = {one.id: one.eob for one in load_profiles(folder).values() if one.eob}
    for path in sorted((folder / ISSUERS).glob("*/eob.yaml")):
        if path.parent.name in layouts:
            raise ProfileError(f"{path}: a payer of that id has an eob.yaml too; keep one of them")
        layouts[path.parent.name] = load_layout(path)
    return layouts


def spellings(profiles: Mapping[str, Profile]) -> dict[str, str]:
    """How exports spell each payer → profile id, in lower case.

    Raises ProfileError when two payers claim one spelling.
    """
    found: dict[str, str] = {}
    for profile in profiles.values():
        for name in (profile.file.payer.name, *profile.file.payer.also_known_as):
            key = " ".join(name.lower().split())
            if found.setdefault(key, profile.id) != profile.id:
                raise ProfileError(
                    f"{profile.folder / 'profile.yaml'}: payer name {name!r} is also claimed by "
                    f"{found[key]}; a spelling belongs to one payer"
                )
    return found
