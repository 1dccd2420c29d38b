"""The ledger's tables, but for those of what people do."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
)

from billing.ledger.column_types import Exact, Instant, Integer, String, Text

LEDGER_VERSION = 7
"""The version of a ledger whose tables have a revision since; see :mod:`billing.ledger.migrations`.

1 had no drift and no visits, 2 no remittances and no batches, 3 no people, 4 no settlements,
5 spelled out every place of an 835, 6 no revision. It stays 7, by which an earlier program refuses.
"""

PENDING = "pending"
LEASED = "leased"
ANSWERED = "answered"
NOT_FOUND = "not_found"
NO_ANSWER = "no_answer"


metadata = MetaData()

schema_version = Table(
    "schema_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False)
)

revisions = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))

evidence = Table(
    "evidence",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("media_type", String, nullable=False),
    Column("size", Integer, nullable=False),
)

sweeps = Table(
    "sweeps",
    metadata,
    Column("sweep_id", String, primary_key=True),
    Column("business_date", Date, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
)

exports = Table(
    "exports",
    metadata,
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("name", String, nullable=False),
    Column("system", String, nullable=False),
    Column("rows_in", Integer, nullable=False),
)

refused_rows = Table(
    "refused_rows",
    metadata,
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("row", Integer, nullable=False),
    Column("sheet", String),
    Column("why", Text, nullable=False),
)

# `fence` counts the times an item changed hands. Whoever settles must name the current one, and
# a conclusion is the item's current one exactly when it carries the item's fence.
items = Table(
    "items",
    metadata,
    Column("item_id", Integer, primary_key=True, autoincrement=True),
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), nullable=False),
    Column("export_sha256", String(64), nullable=False),
    Column("sheet", String, nullable=False),
    Column("row", Integer, nullable=False),
    Column("claim_id", String, nullable=False),
    Column("payer", String),
    Column("claim", Text, nullable=False),
    Column("state", String, nullable=False, default=PENDING),
    Column("no_answer", String),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    Column("owner", String),
    Column("leased_until", Instant),
    UniqueConstraint("sweep_id", "export_sha256", "sheet", "row"),
    Index("items_to_do", "sweep_id", "payer", "state", "attempts", "item_id"),
    Index("items_by_claim", "claim_id", "payer", "sweep_id"),
)

observations = Table(
    "observations",
    metadata,
    Column("item_id", ForeignKey("items.item_id"), primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("observed_at", Instant, nullable=False),
    Column("observation", Text, nullable=False),
)

conclusions = Table(
    "conclusions",
    metadata,
    Column("item_id", ForeignKey("items.item_id"), primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("conclusion", Text, nullable=False),
    Column("seconds", Exact),
    Column("concluded_at", Instant, nullable=False),
)

rests_on = Table(
    "rests_on",
    metadata,
    Column("item_id", Integer, primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("sha256", ForeignKey("evidence.sha256"), primary_key=True),
    ForeignKeyConstraint(["item_id", "fence"], ["conclusions.item_id", "conclusions.fence"]),
)

# Each answer that is a payer's decision: the day a sweep saw it, and the day on which one before
# saw the same claim decided, so that a claim is counted once in any days. `refused` is by what: a
# reason, and the procedure of a line that a document names, or "" for the claim as a whole.
decided = Table(
    "decided",
    metadata,
    Column("item_id", ForeignKey("items.item_id"), primary_key=True),
    Column("payer", String, nullable=False),
    Column("claim_id", String, nullable=False),
    Column("seen", Date, nullable=False),
    Column("before", Date),
    Column("dollars", Exact, nullable=False),
    Index("decided_by_claim", "payer", "claim_id", "seen", "item_id"),
    Index("decided_by_day", "seen", "payer", "before"),
)

refused = Table(
    "refused",
    metadata,
    Column("item_id", ForeignKey("decided.item_id"), primary_key=True),
    Column("reason", String, primary_key=True),
    Column("procedure", String, primary_key=True),
    Column("seen", Date, nullable=False),
    Index("refused_by_day", "seen", "reason", "procedure", "item_id"),
)

# A batch's postings stay what they were, undone or not. What stands is in `entries`, a row for each
# remitted claim or provider-level adjustment: its key admits it to one batch at a time. `after` is
# the entry that must be posted before it. `held` is what a run did not propose.
batches = Table(
    "batches",
    metadata,
    Column("batch_id", String, primary_key=True),
    Column("run", String, nullable=False),
    Column("state", String, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Index("batches_by_run", "run"),
)

batch_acts = Table(
    "batch_acts",
    metadata,
    Column("batch_id", ForeignKey("batches.batch_id"), primary_key=True),
    Column("state", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
)

batch_files = Table(
    "batch_files",
    metadata,
    Column("batch_id", ForeignKey("batches.batch_id"), primary_key=True),
    Column("name", String, primary_key=True),
    Column("sha256", ForeignKey("evidence.sha256"), nullable=False),
)

postings = Table(
    "postings",
    metadata,
    Column("batch_id", ForeignKey("batches.batch_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("key", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("item_id", ForeignKey("items.item_id")),
    Column("posting", Text, nullable=False),
    UniqueConstraint("batch_id", "key"),
    Index("postings_by_unit", "unit"),
)

entries = Table(
    "entries",
    metadata,
    Column("unit", String, primary_key=True),
    Column("batch_id", ForeignKey("batches.batch_id"), nullable=False),
    Column("number", String, nullable=False),
    Column("account", String, nullable=False),
    Column("after", String, nullable=False),
    Index("entries_by_batch", "batch_id"),
    Index("entries_by_number", "number"),
    Index("entries_by_account", "account"),
    Index("entries_after", "after"),
)

held = Table(
    "held",
    metadata,
    Column("run", String, primary_key=True),
    Column("unit", String, primary_key=True),
    Column("why", Text, nullable=False),
    Column("already", Boolean, nullable=False),
    Column("postings", Text, nullable=False),
)

# A remittance is kept once for every document that states it; `payment` says which are of one
# payment. A document that is read again replaces what was read of it before.
remittances = Table(
    "remittances",
    metadata,
    Column("sha256", ForeignKey("evidence.sha256"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("payment", String, nullable=False),
    Column("payer", String, nullable=False),
    Column("trace", String, nullable=False),
    Column("payment_date", Date, nullable=False),
    Column("amount", Exact, nullable=False),
    Column("channel", String, nullable=False),
    Column("run", String, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("unbalanced", Text, nullable=False),
    Column("remittance", Text, nullable=False),
    Index("remittances_by_payment", "payment"),
    Index("remittances_by_trace", "trace"),
)

remitted_claims = Table(
    "remitted_claims",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("nth", Integer, primary_key=True),
    Column("number", String, nullable=False),
    Column("own", String, nullable=False),
    Column("claim", Text, nullable=False),
    Column("places", Text, nullable=False),
    ForeignKeyConstraint(["sha256", "position"], ["remittances.sha256", "remittances.position"]),
    Index("remitted_claims_by_number", "number"),
    Index("remitted_claims_by_own", "own"),
)

# What people settled of payments, every act a row and the last one in force: the statement that
# stands, or none where an earlier act is taken back.
settlements = Table(
    "settlements",
    metadata,
    Column("settlement_id", Integer, primary_key=True, autoincrement=True),
    Column("payment", String, nullable=False),
    Column("sha256", ForeignKey("evidence.sha256")),
    Column("position", Integer),
    Column("differs", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
)

# The visits of a schedule are items of work too, and `fence` means the same. Observations are kept
# by what was asked: `question` is the hash of payer, person and service type, `person` the same
# without the service type.
visits = Table(
    "visits",
    metadata,
    Column("item_id", Integer, primary_key=True, autoincrement=True),
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), nullable=False),
    Column("export_sha256", String(64), nullable=False),
    Column("sheet", String, nullable=False),
    Column("row", Integer, nullable=False),
    Column("date", Date, nullable=False),
    Column("question", String(64), nullable=False),
    Column("person", String(64), nullable=False),
    Column("payer", String),
    Column("visit", Text, nullable=False),
    Column("state", String, nullable=False, default=PENDING),
    Column("no_answer", String),
    Column("attempts", Integer, nullable=False, default=0),
    Column("fence", Integer, nullable=False, default=0),
    Column("owner", String),
    Column("leased_until", Instant),
    UniqueConstraint("sweep_id", "export_sha256", "sheet", "row"),
    Index("visits_to_do", "sweep_id", "payer", "state", "attempts", "item_id"),
    Index("visits_by_question", "question"),
    Index("visits_by_person", "person"),
)

visit_observations = Table(
    "visit_observations",
    metadata,
    Column("item_id", ForeignKey("visits.item_id"), primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("observed_at", Instant, nullable=False),
    Column("observation", Text, nullable=False),
)

visit_conclusions = Table(
    "visit_conclusions",
    metadata,
    Column("item_id", ForeignKey("visits.item_id"), primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("conclusion", Text, nullable=False),
    Column("seconds", Exact),
    Column("concluded_at", Instant, nullable=False),
)

visit_rests_on = Table(
    "visit_rests_on",
    metadata,
    Column("item_id", Integer, primary_key=True),
    Column("fence", Integer, primary_key=True),
    Column("sha256", ForeignKey("evidence.sha256"), primary_key=True),
    ForeignKeyConstraint(
        ["item_id", "fence"], ["visit_conclusions.item_id", "visit_conclusions.fence"]
    ),
)

payer_notes = Table(
    "payer_notes",
    metadata,
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), primary_key=True),
    Column("payer", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("sentence", Text, nullable=False),
)

drift = Table(
    "drift",
    metadata,
    Column("sweep_id", ForeignKey("sweeps.sweep_id"), primary_key=True),
    Column("payer", String, primary_key=True),
    Column("wanted", String, primary_key=True),
    Column("found_by", String),
    Column("nth", Integer, nullable=False),
    Column("evidence", ForeignKey("evidence.sha256")),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account", String, primary_key=True),
    Column("fence", Integer, nullable=False, default=0),
    Column("owner", String),
    Column("leased_until", Instant),
)

logins = Table(
    "logins",
    metadata,
    Column("login_id", Integer, primary_key=True, autoincrement=True),
    Column("account", String, nullable=False),
    Column("attempted_at", Instant, nullable=False),
    Column("accepted", Boolean),
    Column("result_at", Instant),
    Column("cleared_at", Instant),
    Index("logins_by_account", "account", "login_id"),
)

bank_files = Table(
    "bank_files",
    metadata,
    Column("sha256", ForeignKey("evidence.sha256"), primary_key=True),
    Column("name", String, nullable=False),
    Column("received_at", Instant, nullable=False),
)
