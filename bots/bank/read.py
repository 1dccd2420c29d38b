"""A bank's file of whichever kind becomes a statement."""

from __future__ import annotations

from billing.bank import Statement
from bots.bank.bai2 import read_bai2
from bots.bank.csv_lines import read_csv_lines


def read_statement(data: bytes, name: str) -> Statement:
    """The bank's lines in ``data``: BAI2 when it begins as BAI2 does, else a CSV.

    Raises BadInput, one sentence with file, row and remedy, when it is neither.
    """
    begins = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    named = name.casefold().endswith((".bai", ".bai2"))
    return (read_bai2 if named or begins.startswith(b"01,") else read_csv_lines)(data, name)
