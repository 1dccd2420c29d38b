"""The tables of what people do at the console: accounts, cases, decisions and the audit trail."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Dialect,
    ForeignKey,
    Index,
    Table,
    TypeDecorator,
    UniqueConstraint,
)

from billing.ledger.column_types import Exact, Instant, Integer, String, Text
from billing.ledger.tables import metadata
from billing.money import CENT


class Cents(TypeDecorator[Decimal]):
    """Dollars kept as whole cents, so that the database can order and add them."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """To cents; a fraction of a cent is rounded away."""
        return None if value is None else int((value / CENT).to_integral_value())

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        """From cents."""
        return None if value is None else value * CENT


# Append-only. `hash` is of the entry with the hash of the one before it, so that none can be
# changed, removed or moved without every later one telling.
audit = Table(
    "audit",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("who", String, nullable=False),
    Column("act", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("hash", String(64), nullable=False),
    Index("audit_by_subject", "subject", "seq"),
)

users = Table(
    "users",
    metadata,
    Column("user_id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("role", Integer, nullable=False),
    Column("password", String),
    Column("identity", String, unique=True),
    Column("totp", String),
    Column("totp_step", Integer),
    Column("active", Boolean, nullable=False),
    Column("made_at", Instant, nullable=False),
)

# A session and a token are known by the hash of what the other side holds.
web_sessions = Table(
    "web_sessions",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("user_id", ForeignKey("users.user_id"), nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("complete", Boolean, nullable=False),
    Index("web_sessions_by_user", "user_id"),
)

# Users whose password somebody else has set: it opens nothing but the page that changes it.
given_passwords = Table(
    "given_passwords",
    metadata,
    Column("user_id", ForeignKey("users.user_id"), primary_key=True),
)

# What signs in once in place of a one-time code, known by its hash.
recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user_id", ForeignKey("users.user_id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("used_at", Instant),
)

# `name` is the hash of what was typed, which may be no name at all; `origin` where it came from.
sign_ins = Table(
    "sign_ins",
    metadata,
    Column("sign_in_id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(64), nullable=False),
    Column("origin", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("accepted", Boolean, nullable=False),
    Index("sign_ins_by_name", "name", "at"),
    Index("sign_ins_by_origin", "origin", "at"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("scopes", String, nullable=False),
    Column("made_by", ForeignKey("users.user_id"), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("used_at", Instant),
    Column("revoked_at", Instant),
)

# What a system asked for under a key of its own, so that asking again is not doing again: what was
# answered, or nothing while it is being done.
kept_answers = Table(
    "kept_answers",
    metadata,
    Column("token", ForeignKey("tokens.sha256"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("request", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("answer", Text),
    Index("kept_answers_by_age", "at"),
)

# A case is what people do about one claim of one payer, whichever sweep spoke of it last: `item_id`
# is the item of that sweep. (A control number that is used again has another day of service.)
# `priority` is as of `priority_on`, `said` the hash of what was found.
cases = Table(
    "cases",
    metadata,
    Column("case_id", Integer, primary_key=True, autoincrement=True),
    Column("payer", String, nullable=False),
    Column("claim_id", String, nullable=False),
    Column("item_id", ForeignKey("items.item_id"), nullable=False),
    Column("state", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("said", String(64), nullable=False),
    Column("desk", String, nullable=False),
    Column("assignee", ForeignKey("users.user_id")),
    Column("dollars", Cents, nullable=False),
    Column("chance", Exact, nullable=False),
    Column("needs_person", Boolean, nullable=False),
    Column("due", Date),
    Column("service_from", Date, nullable=False),
    Column("opened_on", Date, nullable=False),
    Column("snoozed_until", Date),
    Column("priority", Cents, nullable=False),
    Column("priority_on", Date, nullable=False),
    UniqueConstraint("payer", "claim_id", "service_from"),
    Index("cases_by_item", "item_id"),
    Index("cases_by_claim", "claim_id"),
    Index("cases_by_payer", "state", "payer"),
    Index("cases_by_kind", "state", "kind"),
    Index("cases_by_desk", "state", "desk"),
    Index("cases_by_assignee", "state", "assignee"),
)
# Weighing anew changes every `priority`: of few indexes, and in its order, so that what changes at
# once lies side by side.
Index("cases_by_weighing", cases.c.state, cases.c.priority_on, cases.c.priority.desc())
Index("cases_by_dollars", cases.c.state, cases.c.dollars.desc())
# All that a view asks of a case, in the order of the queue: no page reads another case's row.
Index(
    "cases_by_priority",
    cases.c.state,
    cases.c.priority.desc(),
    cases.c.case_id,
    cases.c.dollars,
    cases.c.due,
    cases.c.service_from,
    cases.c.payer,
    cases.c.kind,
    cases.c.desk,
    cases.c.assignee,
)

# How many cases are alike in what the queue is narrowed by, and their dollars: kept by whatever
# changes a case, in its transaction. `assignee` is "" for nobody's.
case_counts = Table(
    "case_counts",
    metadata,
    Column("state", String, primary_key=True),
    Column("payer", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("desk", String, primary_key=True),
    Column("assignee", String, primary_key=True),
    Column("cases", Integer, nullable=False),
    Column("dollars", Cents, nullable=False),
)

taken_up = Table(
    "taken_up",
    metadata,
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), primary_key=True),
    Column("finished_at", Instant, nullable=False),
)

# Append-only too: an undo is an act that names the one it takes back. `before` and `after` are what
# changed of the case, as JSON.
case_acts = Table(
    "case_acts",
    metadata,
    Column("act_id", Integer, primary_key=True, autoincrement=True),
    Column("together", String, nullable=False),
    Column("case_id", ForeignKey("cases.case_id"), nullable=False),
    Column("act", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("undoes", String),
    Index("case_acts_by_case", "case_id", "act_id"),
    Index("case_acts_by_hand", "by", "act_id"),
    Index("case_acts_together", "together"),
    Index("case_acts_undone", "undoes"),
)

saved_views = Table(
    "saved_views",
    metadata,
    Column("user_id", ForeignKey("users.user_id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("query", String, nullable=False),
)

# A run is a process that works for the console: `about` says of what, and no two alive are about
# the same. `owner` names the process, so that a dead one is known from one that works.
runs = Table(
    "runs",
    metadata,
    Column("run_id", Integer, primary_key=True, autoincrement=True),
    Column("what", String, nullable=False),
    Column("about", String, nullable=False),
    Column("sweep_id", ForeignKey("sweeps.sweep_id")),
    Column("by", String, nullable=False),
    Column("begun_at", Instant, nullable=False),
    Column("owner", String, nullable=False),
    Column("taken_at", Instant),
    Column("stop_asked_at", Instant),
    Column("ended_at", Instant),
    Column("ended", String),
    Column("said", Text, nullable=False),
    Index("runs_by_sweep", "sweep_id", "run_id"),
    Index("runs_by_subject", "what", "about", "run_id"),
)
