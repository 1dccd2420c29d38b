"""Hands on billing-system exports: recognise, read, write back without moving a byte."""

from bots.exports.read import ExportReading, payer_key, read_export
from bots.exports.recognise import Recognised, recognise
from bots.exports.write_back import (
    Change,
    ControlTotals,
    Totals,
    WriteBackMismatch,
    Written,
    diff_text,
    write_back,
)

__all__ = [
    "Change",
    "ControlTotals",
    "ExportReading",
    "Recognised",
    "Totals",
    "WriteBackMismatch",
    "Written",
    "diff_text",
    "payer_key",
    "read_export",
    "recognise",
    "write_back",
]
