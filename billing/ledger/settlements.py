"""A person's word on which statement of a payment stands, kept for good even when taken back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from billing.errors import BadInput
from billing.ledger import tables
from billing.ledger.audit import enter
from billing.ledger.posted_entries import standing_on
from billing.ledger.remittances import Remittances, read_remittances
from billing.received_payments import Received, Statement, difference, payment_key
from billing.reconcile.settled import settled_by, standing_totals


class Settlements(Remittances):
    """Settling payments that statements differ on; every act is one row and one transaction."""

    def contested(self) -> tuple[Received, ...]:
        """The payments whose statements differ, those that a person has settled among them."""
        table = tables.remittances.c
        several = select(table.trace).group_by(table.trace).having(func.count() > 1)
        with self._reading() as connection:
            found = read_remittances(connection, table.trace.in_(several))
        return tuple(one for one in found if one.conflict or one.settled)

    def settle_payment(
        self, payment: str, stands: Statement, *, reason: str, by: str, at: datetime
    ) -> None:
        """Say that ``stands`` is what the payment of this key, and every rival of it, comes to.

        Raises BadInput when nothing is in conflict, or a batch posts what another statement says.
        """
        with self._writing() as connection:
            received = _received(connection, payment)
            if received.settled is not None:
                raise BadInput(f"{settled_by(received)} To settle it anew, unsettle it first")
            if not received.conflict:
                raise BadInput("The statements of this payment do not differ: nothing is to settle")
            clauses = {difference(stands.remittance, s.remittance) for s in received.contenders}
            row = {
                "sha256": stands.sha256,
                "position": stands.position,
                "differs": "\n".join(sorted(clauses - {""})),
                "reason": " ".join(reason.split()),
                "by": by,
                "at": at,
            }
            for key in _together(received):
                connection.execute(tables.settlements.insert(), {**row, "payment": key})
                told = {"stands": stands.sha256[:12], "differs": sorted(clauses - {""})}
                enter(connection, by, "payment settled", f"payment {key}", at=at, detail=told)
            for key in _together(received):
                expected = standing_totals(_received(connection, key))
                for posted in standing_on(connection, key):
                    if expected.get(posted.entry.unit) != posted.entry.totals:
                        raise BadInput(
                            f"Batch {posted.batch} posts this payment as another document states "
                            f"it: undo {posted.batch} first, then settle"
                        )

    def unsettle_payment(self, payment: str, *, reason: str, by: str, at: datetime) -> None:
        """Take back what was settled of a payment, so that its statements differ again.

        Raises BadInput when nothing is settled, or while a batch posts what was settled.
        """
        with self._writing() as connection:
            received = _received(connection, payment)
            if received.settled is None:
                raise BadInput("Nothing is settled of this payment")
            for key in _together(received):
                for posted in standing_on(connection, key):
                    raise BadInput(
                        f"Batch {posted.batch} posts this payment as it was settled: undo "
                        f"{posted.batch} first"
                    )
                row = {"payment": key, "differs": "", "reason": reason, "by": by, "at": at}
                connection.execute(tables.settlements.insert(), row)
                enter(connection, by, "payment unsettled", f"payment {key}", at=at)


def _received(connection: Connection, payment: str) -> Received:
    (found,) = read_remittances(connection, tables.remittances.c.payment == payment)
    return found


def _together(received: Received) -> list[str]:
    """The keys of the payment and its rivals, which are settled as one."""
    return sorted({received.key, *(payment_key(one.remittance) for one in received.rivals)})
