"""What a night came to, judged from its files by code that is not the program's."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
import zipfile
from collections import Counter
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from conftest import sealed_ledger
from night import Night
from sweeping import KEYED

from billing.errors import ClaimsweepError
from flows.deep_check import look_deep


@dataclass(slots=True)
class Verdict:
    """Counts that must all be 0, with ``why`` in a line each; claims that are left ``to_a_person``
    were quarantined, or lack a figure, because of what a portal said while it lied."""

    answers_lost: int = 0
    wrong_values: int = 0
    postings_twice: int = 0
    lockouts: int = 0
    sessions_at_once: int = 0
    half_written: int = 0
    evidence_wrong: int = 0
    ledger_unsound: int = 0
    writes_at_portal: int = 0
    hung: int = 0
    to_a_person: int = 0
    why: list[str] = field(default_factory=list)

    @property
    def kept(self) -> bool:
        """Whether every promise was kept."""
        counts = asdict(self)
        return not any(counts[name] for name in counts if name not in ("to_a_person", "why"))


def judge(
    night: Night,
    document: dict[str, Any] | None,
    before: dict[str, dict[str, int]],
) -> Verdict:
    """The verdict on a night whose last sweep said ``document``; ``before`` are the portals'
    counts when it began."""
    verdict = Verdict(hung=night.hung)
    _answers(night, document, verdict)
    _postings(night, verdict)
    _portals(night, before, verdict)
    judge_files(night, verdict)
    _ledger(night, verdict)
    return verdict


def _answers(night: Night, document: dict[str, Any] | None, verdict: Verdict) -> None:
    truth = {(row["payer"], row["claim_id"]): row for row in night.town.truth}
    rows = json.loads(Path(document["answers"]).read_text("utf-8")) if document else []
    counted = Counter((row["payer"], row["claim_id"]) for row in rows)
    answered = {(row["payer"], row["claim_id"]): row for row in rows}
    for key in truth.keys() ^ answered.keys():
        verdict.answers_lost += 1
        verdict.why.append(f"{key}: not in both key and answers")
    verdict.answers_lost += sum(count - 1 for count in counted.values())
    for key in sorted(truth.keys() & answered.keys()):
        wanted, found = truth[key], answered[key]
        if found["outcome"] == "no_answer" and wanted["outcome"] != "no_answer":
            verdict.answers_lost += 1
            verdict.why.append(f"{key}: no answer, {found.get('detail')}")
            continue
        different = [name for name in KEYED if wanted[name] != found[name]]
        if not different:
            continue
        quarantined = found["outcome"] in ("wrong_patient", "several_matches")
        if quarantined or all(found[name] in (None, []) for name in different):
            verdict.to_a_person += 1
        else:
            verdict.wrong_values += 1
            verdict.why.append(
                f"{key}: {[(n, wanted[n], found[n]) for n in different]} {found['finding']}"
            )


def _postings(night: Night, verdict: Verdict) -> None:
    with closing(sqlite3.connect(night.home / "ledger.sqlite")) as db:
        texts = db.execute(
            "SELECT posting FROM postings JOIN batches USING (batch_id) WHERE state != 'undone'"
        ).fetchall()
    parts = ("payer", "trace_number", "payer_claim_number", "line", "kind", "code")
    found = Counter(tuple(json.loads(text)[one] for one in parts) for (text,) in texts)
    for key, count in found.items():
        if count > 1:
            verdict.postings_twice += count - 1
            verdict.why.append(f"posted {count} times: {key}")


def _portals(night: Night, before: dict[str, dict[str, int]], verdict: Verdict) -> None:
    for payer, now in night.town.counters().items():
        more = {name: now[name] - before[payer][name] for name in now}
        verdict.lockouts += more["locks"]
        verdict.writes_at_portal += more["writes"]
        beyond = more["concurrent_sessions"] - night.cut_off.get(payer, 0)
        if beyond > 0:
            verdict.sessions_at_once += beyond
            verdict.why.append(f"{payer}: {beyond} logins while another session was open")


def judge_files(night: Night, verdict: Verdict) -> None:
    """Count the files that are neither whole nor not there, under the names that people read."""
    for path in sorted((night.folder / "artifacts").rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue  # a name with a dot is a file that never got its own
        try:
            _read_whole(path)
        except Exception as error:
            verdict.half_written += 1
            verdict.why.append(f"{path.name}: {type(error).__name__}")
    ledger = sealed_ledger(night.home)
    for path in night.shelf.glob("??/*"):
        name = path.parent.name + path.name
        try:
            whole = name in night.corrupted or _is(name, ledger.fetch(name))
        except ClaimsweepError as error:
            whole = False
            verdict.why.append(str(error))
        verdict.half_written += not whole
    ledger.close()


def _read_whole(path: Path) -> None:
    data = path.read_bytes()
    match path.suffix:
        case ".json":
            json.loads(data)
        case ".xlsx":
            with zipfile.ZipFile(io.BytesIO(data)) as book:
                assert book.testzip() is None
        case ".csv":
            rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
            assert rows
        case ".pdf" | ".html" | ".png":
            assert data
    if path.parent.name == "evidence":
        assert hashlib.sha256(data).hexdigest().startswith(path.stem[:12])


def _ledger(night: Night, verdict: Verdict) -> None:
    """The deep look finds the files that we damaged and are damaged yet, and nothing else."""
    ledger = sealed_ledger(night.home)
    try:
        damaged = {one for one in night.corrupted if _is_damaged(night, one)}
        with ledger._reading() as connection:
            listed = set(connection.exec_driver_sql("SELECT sha256 FROM evidence").scalars())
        found: set[str] = set()
        for looked in look_deep(ledger, night.home):
            for sentence in looked.told:
                named = {one for one in damaged if one in sentence}
                found |= named
                if not named:
                    verdict.ledger_unsound += 1
                    verdict.why.append(sentence)
        missed = (damaged & listed) - found
        verdict.evidence_wrong += len(missed)
        verdict.why += [f"damaged evidence {one} was not found" for one in missed]
        for one in night.corrupted:
            path = night.shelf / one[:2] / one[2:]
            path.write_bytes((night.folder / "kept" / one).read_bytes())
            path.chmod(0o600)
        again = [s for looked in look_deep(ledger, night.home) for s in looked.told]
        verdict.ledger_unsound += len(again)
        verdict.why += again
    finally:
        ledger.close()


def _is(name: str, data: bytes) -> bool:
    return hashlib.sha256(data).hexdigest() == name


def _is_damaged(night: Night, name: str) -> bool:
    """Whether it lies there as we spoilt it, and not as it was stored anew."""
    path = night.shelf / name[:2] / name[2:]
    return (path.read_bytes() if path.exists() else None) == night.corrupted[name]
