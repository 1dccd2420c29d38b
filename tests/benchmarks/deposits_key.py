"""Many simulated worlds' deposits against their key: what was sure, left to a person, or WRONG.

``python tests/benchmarks/deposits_key.py --seeds 20 --claims 200`` matches the 835 of each world
with its BAI2 file and its CSV. It ends with code 1 on any result that the key does not allow.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections import Counter
from datetime import UTC, date, datetime

from billing.bank import BankLine, all_lines
from billing.deposit_matching import match_deposits
from billing.deposits import Deposit, DepositKind, payments_of
from billing.model import Channel
from billing.received_payments import Received, Statement, gather, payment_key
from bots.bank.read import read_statement
from bots.reading.x12_envelope import Interchanges
from bots.reading.x12_remittance import Payment, whole
from sandbox.bank_files import bank_bai2, bank_csv
from sandbox.books import make_world
from sandbox.deposits import Truth, make_deposits
from sandbox.payers import STYLES
from sandbox.remittance_835 import remittances_835

AS_OF = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def books(data: bytes) -> list[Received]:
    """The payments of an 835, as the ledger would have them."""
    found = []
    for n, transaction in enumerate(Interchanges(io.BytesIO(data))):
        one = whole(Payment(transaction), "a" * 64)
        statement = Statement(one, "a" * 64, n, Channel.CLEARINGHOUSE, "run", NOW)
        key = payment_key(one)
        found.append(gather(key, [statement]))
    return found


def mark(row: Truth, results: dict[str, Deposit]) -> str:
    """Right, left to a person, or WRONG, for the payments of one row of the key."""
    kinds = {results[trace].kind for trace in row.traces}
    if kinds <= {DepositKind.SEVERAL_FIT}:
        return "person"
    booked = {(one.day, one.amount) for one in row.bookings}
    lines: list[BankLine] = [line for trace in row.traces for line in results[trace].lines]
    items = row.story == "lockbox-items"
    true = items or all((line.booked, line.amount) in booked for line in lines)
    return "right" if true and {str(kind) for kind in kinds} <= set(row.kinds) else "WRONG"


def main() -> int:
    """Print the table; 1 when anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--claims", type=int, default=100)
    options = parser.parse_args()
    table: Counter[tuple[str, str]] = Counter()
    seconds = 0.0
    count = 0
    for seed in range(1, options.seeds + 1):
        made = make_deposits(make_world(seed, options.claims, AS_OF, tuple(STYLES)))
        received = books(remittances_835(made.announced, AS_OF))
        for name, write in (("bank.bai", bank_bai2), ("bank.csv", bank_csv)):
            data = write(made.bookings, made.first, made.last)
            begun = time.perf_counter()
            statement = read_statement(data, name)
            lines, _ = all_lines([statement])
            results = match_deposits(payments_of(received), lines, covered=statement.days)
            seconds += time.perf_counter() - begun
            count += len(lines)
            found = {p.trace_number: one for one in results for p in one.payments}
            for row in made.truth:
                if row.traces:
                    table[row.story, mark(row, found)] += len(row.traces)
    for story in sorted({story for story, _ in table}):
        right, person, wrong = (table[story, one] for one in ("right", "person", "WRONG"))
        sys.stdout.write(f"{story:<18} right {right:>6}  person {person:>5}  WRONG {wrong:>3}\n")
    wrong = sum(n for (_, what), n in table.items() if what == "WRONG")
    total = sum(table.values())
    sys.stdout.write(f"{total:,} payments, {wrong} wrong; {count:,} lines in {seconds:.1f} s\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
