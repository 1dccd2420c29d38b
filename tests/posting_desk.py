"""A home of its own, 835s written by hand, and ``claimsweep postings`` upon them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from typer.testing import CliRunner
from x12_samples import delimited, interchange

from flows.command import app

Said = dict[str, Any]


class Desk:
    """A home of its own, files to propose, and the command."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"

    def file(self, name: str, *transactions: Sequence[str]) -> str:
        path = self.folder / name
        path.write_bytes(delimited(interchange(transactions)))
        return str(path)

    def __call__(self, *arguments: str, code: int = 0) -> Said:
        command = ["postings", *arguments, "--json", "--home", str(self.home)]
        done = CliRunner().invoke(app, command)
        assert done.exit_code == code, (done.stdout, done.exception)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            return {"error": str(done.exception)}
        return dict(json.loads(done.stdout))

    def text(self, *arguments: str) -> str:
        done = CliRunner().invoke(app, ["postings", *arguments, "--home", str(self.home)])
        assert done.exit_code == 0, (done.stdout, done.exception)
        return done.stdout

    def refused(self, *arguments: str) -> str:
        done = CliRunner().invoke(app, ["postings", *arguments, "--home", str(self.home)])
        assert done.exit_code == 1
        return str(done.exception)


def claim(
    own: str, number: str, charge: str, paid: str, *, status: str = "1", reason: str = "CO*45"
) -> list[str]:
    """A claim of one line whose one adjustment takes what is not paid."""
    off = Decimal(charge) - Decimal(paid)
    return [
        f"CLP*{own}*{status}*{charge}*{paid}**12*{number}*11*1",
        "NM1*QC*1*DOE*JANE****MI*ACM000111",
        f"SVC*HC:G0463*{charge}*{paid}**1",
        "DTM*472*20260101",
        f"CAS*{reason}*{off}",
    ]


def payment(trace: str, day: str, amount: str, *claims: list[str], plb: str = "") -> list[str]:
    body = [
        "ST*835*0001",
        f"BPR*I*{amount}*C*ACH************{day}",
        f"TRN*1*{trace}*1512345678",
        "N1*PR*ACME HEALTH",
        "LX*1",
        *(segment for one in claims for segment in one),
        *([f"PLB*1*20261231*{plb}"] if plb else []),
    ]
    return [*body, f"SE*{len(body) + 1}*0001"]
