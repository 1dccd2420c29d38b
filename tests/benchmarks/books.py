"""How long and in how much memory an export is held against its remittances, beside a bare join.

``python tests/benchmarks/books.py --peers DIR`` runs ``claimsweep reconcile`` on an export and an
835 of so many rows and lines, and the bare join of the same figures as CSV in polars and in duckdb
(``pip install --target DIR polars duckdb``), reading and writing included. ``--workbook`` reads a
100,000-row XLSX and adds the sweep's columns to it, beside openpyxl alone. All data is simulated.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from x12_samples import remittance_file

ROOT = Path(__file__).resolve().parents[2]
SIZES = (10_000, 100_000, 1_000_000)
LINES_A_CLAIM = 1.75
HEADINGS = (
    "Claim ID,Patient,Patient DOB,Insurance,Policy Number,DOS From,DOS To,Total Charge,"
    "Insurance Balance,Provider NPI,Date Submitted"
).split(",")
POLARS = """
import sys, polars as pl
export, lines, out = sys.argv[1:]
paid = pl.read_csv(lines, schema_overrides={"claim_id": pl.String}).group_by("claim_id").agg(
    pl.col("charge").sum(), pl.col("paid").sum(), pl.len())
rows = pl.read_csv(export, infer_schema=False)
rows.join(paid, left_on="Claim ID", right_on="claim_id", how="left").write_csv(out)
"""
DUCKDB = """
import sys, duckdb
export, lines, out = sys.argv[1:]
duckdb.sql(f'''copy (
    select e.*, l.charge, l.paid, l.n
    from read_csv('{export}', all_varchar=true) e
    left join (select claim_id, sum(charge) charge, sum(paid) paid, count(*) n
               from read_csv('{lines}') group by claim_id) l on e."Claim ID" = l.claim_id
) to '{out}' (header)''')
"""
OPENPYXL = """
import sys
from openpyxl import load_workbook
book = load_workbook(sys.argv[1])
sheet = book.worksheets[0]
first = sheet.max_column + 1
for row in sheet.iter_rows():
    values = [cell.value for cell in row]
    for at in range(15):
        sheet.cell(row[0].row, first + at, f"{values[0]} {at}")
book.save(sys.argv[2])
"""
OURS = """
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from billing.model import Conclusion, Finding, Outcome
from billing.report import ClaimResult
from bots.exports.read import read_export
from bots.exports.write_back import write_back
data = Path(sys.argv[1]).read_bytes()
reading = read_export(data, "aging.xlsx", payer_ids={})
finding = Finding("paid-not-posted", "The payer paid.", Decimal("9.00"), "Post it.", None, "", True)
results = {
    claim.source.row: ClaimResult(n, claim, Conclusion(
        outcome=Outcome.PAID, finding=finding, status_words="Finalized", status_category="F1",
        payer_claim_number=f"P{n}", paid=claim.billed, patient_responsibility=Decimal("0.00"),
        payment_date=date(2026, 1, 5), trace_number="T1", reason_codes=("CO-45",),
        evidence=("0" * 64,)), 1, None, datetime(2026, 1, 6, tzinfo=UTC))
    for n, claim in enumerate(reading.claims)
}
Path(sys.argv[2]).write_bytes(write_back(data, reading, results).data)
"""


def export_rows(rows: int) -> list[list[str]]:
    """A simulated export of unpaid claims, headings first."""
    random, day = Random(5), date(2025, 1, 1)
    found = [HEADINGS]
    for number in range(1, rows + 1):
        served = day + timedelta(random.randrange(500))
        born = served - timedelta(random.randrange(7_000, 30_000))
        charge = f"{random.randrange(1_000, 500_000) / 100:.2f}"
        days = [f"{one:%m/%d/%Y}" for one in (born, served, served + timedelta(3))]
        member = f"M{random.randrange(10**9):09d}"
        found.append(
            [
                *(f"A{number:08d}", f"Doe{number % 97}, Jo", days[0], "Exampla Health", member),
                *(days[1], days[1], charge, charge, "1234567893", days[2]),
            ]
        )
    return found


def spent(command: Sequence[str], *, site: Path | None = None) -> tuple[float, float, int]:
    """Processor seconds, wall seconds and peak megabytes of a command as a whole process."""
    environment = {**os.environ, "PYTHONPATH": str(site or ROOT)}
    timed = (
        "import os, sys, time; began = time.perf_counter(); "
        "pid = os.spawnvp(os.P_NOWAIT, sys.argv[1], sys.argv[1:]); "
        "_, status, used = os.wait4(pid, 0); "
        "print(used.ru_utime + used.ru_stime, time.perf_counter() - began, "
        "used.ru_maxrss // 1024, os.waitstatus_to_exitcode(status), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", timed, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    *words, (cpu, wall, peak, code) = (line.split() for line in done.stderr.splitlines())
    if int(code) not in (0, 1):
        raise SystemExit(f"{command[:4]} ended with {code}: {words}")
    return float(cpu), float(wall), int(peak)


def told(name: str, used: tuple[float, float, int]) -> None:
    """Print one line of figures."""
    cpu, wall, peak = used
    sys.stdout.write(f"{name:<28} {cpu:8.1f} s cpu {wall:8.1f} s wall {peak:6,} MB\n")
    sys.stdout.flush()


def join(rows: int, folder: Path, peers: Path | None) -> None:
    """Print what the join of ``rows`` export rows with as many remittance lines takes."""
    export, lines, remittance = (
        folder / name for name in ("aging.csv", "lines.csv", "payments.835")
    )
    with export.open("w", newline="") as file:
        csv.writer(file).writerows(export_rows(rows))
    count = 0
    with remittance.open("wb") as whole, lines.open("w") as flat:
        flat.write("claim_id,charge,paid\n")
        for piece in remittance_file(int(rows / LINES_A_CLAIM)):
            whole.write(piece)
            segments = [segment.split("*") for segment in piece.decode().split("~")]
            claim = next((one[1] for one in segments if one[0] == "CLP"), "")
            paid = [one[2:4] for one in segments if one[0] == "SVC"]
            count += len(paid)
            flat.writelines(f"{claim},{charge},{amount}\n" for charge, amount in paid)
    sys.stdout.write(f"{rows:,} export rows, {count:,} remittance lines\n")
    files = ("--export", str(export), "--remittance", str(remittance))
    places = ("--home", str(folder / "home"), "--out", str(folder / "out"))
    told(
        "claimsweep reconcile",
        spent([sys.executable, "-m", "flows", "reconcile", *files, *places]),
    )
    if peers:
        paths = str(export), str(lines), str(folder / "joined.csv")
        for name, code in (("polars", POLARS), ("duckdb", DUCKDB)):
            told(name, spent([sys.executable, "-c", code, *paths], site=peers))


def workbook(rows: int, folder: Path) -> None:
    """Print what reading a workbook and adding fifteen columns to it takes, and openpyxl alone."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Aging")
    for row in export_rows(rows):
        sheet.append(row)
    source, copy = str(folder / "aging.xlsx"), str(folder / "copy.xlsx")
    book.save(source)
    sys.stdout.write(f"{rows:,} rows of a workbook read, fifteen columns added\n")
    told("claimsweep, proved", spent([sys.executable, "-c", OURS, source, copy]))
    told("openpyxl", spent([sys.executable, "-c", OPENPYXL, source, copy]))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", type=Path, help="a folder that has polars and duckdb")
    parser.add_argument("--rows", type=int, action="append", help="instead of 10⁴, 10⁵ and 10⁶")
    parser.add_argument("--workbook", action="store_true", help="the workbook instead of the join")
    asked = parser.parse_args()
    for rows in asked.rows or ((100_000,) if asked.workbook else SIZES):
        with tempfile.TemporaryDirectory() as name:
            if asked.workbook:
                workbook(rows, Path(name))
            else:
                join(rows, Path(name), asked.peers)


if __name__ == "__main__":
    main()
