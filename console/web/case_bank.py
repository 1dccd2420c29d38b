"""What became of a claim's payments at the bank, from every bank file and payment there is."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

from billing.bank import all_lines
from billing.deposit_matching import match_deposits
from billing.deposits import Deposit, payments_of
from billing.ledger import Ledger
from billing.received_payments import Received
from bots.bank.read import read_statement


class Bank:
    """The bank's lines matched with all payments, kept until a file or a payment comes."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._became: dict[str, Deposit] = {}
        self._lock = Lock()

    def became(self, ledger: Ledger, payments: Sequence[Received]) -> tuple[Deposit, ...]:
        """What became of each of ``payments``, none while no bank file was given."""
        files = ledger.bank_files()
        if not files or not payments:
            return ()
        of = (ledger.home, files, ledger.payments_known())
        with self._lock:
            if of != self._of:
                statements = [read_statement(ledger.fetch(one), name) for one, name in files]
                lines, _ = all_lines(statements)
                days = frozenset(day for one in statements for day in one.days)
                found = match_deposits(payments_of(ledger.remittances()), lines, covered=days)
                self._became = {each.key: one for one in found for each in one.payments}
                self._of = of
            there = (self._became.get(one.key) for one in payments)
            return tuple(dict.fromkeys(one for one in there if one is not None))
