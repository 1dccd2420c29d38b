"""Write-back at the console: a class approved by itself, exported as the same bytes, undone."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_samples import DAY, NOW, begin, conclusion
from ledger_samples import claim as sweep_claim
from ledger_samples import payment as posting
from posting_desk import Desk as Books
from posting_desk import claim, payment
from web_console import Visitor, desk_over, person, serving, visitor

from billing.cases import View
from billing.ledger import BatchState, Ledger
from billing.model import Outcome
from billing.people import Role

TAKEN_BACK = claim("C1", "E9", "-200.00", "-150.00", status="22")
ANEW = claim("C1", "E10", "200.00", "120.00")
OWED = claim("C4", "E14", "90.00", "60.00", reason="PR*2")
OWED[0] = "CLP*C4*1*90.00*60.00*30.00*12*E14*11*1"
FILES = (
    payment("T1", "20260105", "150.00", claim("C1", "E9", "200.00", "150.00")),
    payment("T2", "20260205", "70.00", TAKEN_BACK, ANEW, claim("C2", "E11", "100", "100")),
    payment("T3", "20260305", "120.00", claim("C3", "E12", "100", "100"), OWED, plb="WO:E9*40.00"),
    payment("T5", "20260307", "0.00", claim("C5", "E15", "80.00", "0.00", reason="CO*16")),
)
CLASSES = {
    "paid-in-full": {"C2", "C3"},
    "with-adjustments": {"C1"},
    "patient-responsibility": {"C4"},
    "nothing-paid": {"C5"},
    "corrections": {"C1"},
    "provider-level": {"C1"},
}


@dataclass
class Console:
    """A console over books of its own."""

    address: str
    ledger: Ledger
    signed_in: dict[Role, Visitor] = field(default_factory=dict)

    def at(self, role: Role) -> Visitor:
        if role not in self.signed_in:
            self.signed_in[role] = visitor(self.address, role.word)
        return self.signed_in[role]

    def page(self, batch_id: str, role: Role = Role.LEAD) -> str:
        return self.at(role).get(f"/batches/{batch_id}").text

    def act(self, batch_id: str, act: str, role: Role = Role.LEAD, **fields: object):  # type: ignore[no-untyped-def]
        return self.at(role).act(f"/batches/{batch_id}/{act}", **fields)


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one proposed batch and a person of every role."""
    books = Books(tmp_path_factory.mktemp("books"))
    books("propose", *(books.file(f"{n}.835", one) for n, one in enumerate(FILES)), "--by", "ann")
    desk = desk_over(books.home)
    for role in Role:
        person(desk.ledger, role)
    desk.ledger.close()
    return books.home


@pytest.fixture
def console(tmp_path: Path, proposed: Path) -> Iterator[Console]:
    home = Path(shutil.copytree(proposed, tmp_path / "home"))
    desk = desk_over(home)
    with serving(desk) as address:
        yield Console(address, desk.ledger)


def only(ledger: Ledger) -> str:
    (batch,) = ledger.batches()
    return batch.batch_id


def apart(console: Console, batch_id: str, approved: str, **chosen: object) -> str:
    digest = console.ledger.batch(batch_id).digest
    answer = console.act(batch_id, "part", digest=digest, approved=approved, **chosen)
    assert answer.status_code == 303, answer.text
    return str(re.match(r"/batches/([\w-]+)\?done=", answer.headers["location"])[1])  # type: ignore[index]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_the_list_and_the_page_show_control_totals_and_every_class(console: Console) -> None:
    name = only(console.ledger)
    listed = console.at(Role.VIEWER).get("/batches").text
    assert f'href="/batches/{name}"' in listed
    assert "$340.00" in listed  # 150 + 70 + 120 + 0: what the four remittances pay
    assert "by ann" in listed
    assert "No batch is here" in console.at(Role.VIEWER).get("/batches?state=undone").text
    for kind, claims in CLASSES.items():
        shown = console.at(Role.VIEWER).get(f"/batches/{name}?kind={kind}").text
        entries = shown[shown.index('id="h-entries"') : shown.index('id="h-held"')]
        assert set(re.findall(r'class="code">(C\d)<', entries)) == claims, kind
    assert "JANE" not in listed + shown
    assert "ACM000111" not in listed + shown


def test_a_class_is_approved_exported_and_undone_by_itself(console: Console) -> None:
    whole = console.ledger.batch(only(console.ledger))
    part = apart(console, whole.batch_id, "true", kind=["paid-in-full", "provider-level"])
    batch = console.ledger.batch(part)
    assert {one.claim_id for one in batch.postings if not one.code} == {"C2", "C3"}
    assert batch.state is BatchState.APPROVED
    assert console.ledger.batch(whole.batch_id).state is BatchState.PROPOSED
    lead = console.at(Role.LEAD)
    path = f"/batches/{part}/files"
    assert lead.get(f"{path}/postings-{part}.csv").status_code == 400
    assert console.act(part, "export").status_code == 303
    first = lead.get(f"{path}/postings-{part}.csv")
    assert first.headers["content-disposition"] == f'attachment; filename="postings-{part}.csv"'
    assert lead.get(f"{path}/postings-{part}.csv").content == first.content
    assert sum(Decimal(r["Amount"]) for r in rows_of(first.content)) == Decimal("160.00")
    totals = rows_of(lead.get(f"{path}/totals-{part}.csv").content)
    for trace, amount in (("T2", "70.00"), ("T3", "120.00")):
        mine = {r["What"]: Decimal(r["Dollars"]) for r in totals if r["Trace number"] == trace}
        assert mine["Remittance"] == Decimal(amount)
        parts = [dollars for what, dollars in mine.items() if what.startswith("Money")]
        assert sum(parts) == Decimal(amount)
    assert lead.get(f"{path}/undo-{part}.csv").status_code == 400
    assert console.act(part, "undo").status_code == 303
    undone = rows_of(lead.get(f"{path}/undo-{part}.csv").content)
    there = [(r["Key"], Decimal(r["Amount"])) for r in rows_of(first.content)]
    assert [(r["Key"], -Decimal(r["Amount"])) for r in undone][::-1] == there
    assert lead.get(f"{path}/postings-{part}.csv").status_code == 400


def test_every_act_is_in_the_audit_trail_by_the_person_who_did_it(console: Console) -> None:
    whole = only(console.ledger)
    part = apart(console, whole, "true", kind="paid-in-full")
    console.act(part, "export")
    console.at(Role.LEAD).get(f"/batches/{part}/files/postings-{part}.csv")
    console.act(part, "undo")
    trail = console.ledger.audit_trail(subject=f"batch {part}")
    assert [(one.act, one.who) for one in reversed(trail)] == [
        ("batch approved", "lead"),
        ("batch exported", "lead"),
        ("batch downloaded", "lead"),
        ("batch undone", "lead"),
    ]
    earlier = console.ledger.audit_trail(subject=f"batch {whole}")
    assert [(one.act, one.who) for one in earlier] == [
        ("batch parted", "lead"),
        ("batch proposed", "ann"),
    ]
    assert console.ledger.audit_problems() == []


def test_a_reversal_goes_out_after_the_payment_that_it_takes_back(console: Console) -> None:
    whole = only(console.ledger)
    part = apart(console, whole, "true", kind="corrections")
    refused = console.act(part, "export")
    assert refused.status_code == 409
    assert f"export {whole} first" in refused.text
    assert f'Goes out after</dt><dd><a href="/batches/{whole}"' in console.page(part)
    digest = console.ledger.batch(whole).digest
    assert console.act(whole, "approve", digest=digest).status_code == 303
    assert console.act(whole, "export").status_code == 303
    assert console.act(part, "export").status_code == 303
    assert f"undo {part} first" in console.act(whole, "undo").text


def test_what_stands_around_a_reversal_is_not_torn(console: Console) -> None:
    """The payment, its reversal and the new decision: the middle cannot wait for both sides."""
    batch = console.ledger.batch(only(console.ledger))
    middle = [one.unit for one in batch.entries if "|reversal|" in one.unit]
    with pytest.raises(Exception, match="claim C1 must stay in one batch"):
        console.ledger.part_batch(
            batch.batch_id, middle, batch.digest, by="lead", at=batch.acts[BatchState.PROPOSED].at
        )
    assert len(console.ledger.batches()) == 1


def test_a_payment_is_set_apart_and_the_rest_stays(console: Console) -> None:
    whole = console.ledger.batch(only(console.ledger))
    key = next(one.payment for one in whole.entries if one.postings[0].trace_number == "T3")
    part = console.ledger.batch(apart(console, whole.batch_id, "false", payment=key))
    assert {one.trace_number for one in part.postings} == {"T3"}
    assert part.state is BatchState.PROPOSED
    rest = console.ledger.batch(whole.batch_id)
    assert {one.trace_number for one in rest.postings} == {"T1", "T2", "T5"}
    assert sorted(p.key for p in (*part.postings, *rest.postings)) == sorted(
        p.key for p in whole.postings
    )


def test_what_somebody_else_did_meanwhile_is_told_in_a_sentence(console: Console) -> None:
    name = only(console.ledger)
    digest = console.ledger.batch(name).digest
    person(console.ledger, Role.LEAD, "maria")
    visitor(console.address, "maria").act(
        f"/batches/{name}/part", digest=digest, kind="corrections"
    )
    late = console.act(name, "approve", digest=digest)
    assert late.status_code == 409
    assert "has changed since it was looked at" in late.text
    now = console.ledger.batch(name).digest
    visitor(console.address, "maria").act(f"/batches/{name}/approve", digest=now)
    second = console.act(name, "approve", digest=now)
    assert second.status_code == 409
    assert "by maria; only one that is proposed can go on" in second.text
    assert "Choose a class or a payment" in console.act(name, "part", digest=now).text


def test_only_a_lead_decides_and_downloads(console: Console) -> None:
    name = only(console.ledger)
    digest = console.ledger.batch(name).digest
    for act in ("approve", "part", "export", "undo"):
        answer = console.act(name, act, Role.BILLER, digest=digest, kind="corrections")
        assert answer.status_code == 403
    assert "Approve" not in console.page(name, Role.BILLER)
    assert console.ledger.batch(name).state is BatchState.PROPOSED
    console.act(name, "approve", digest=digest)
    console.act(name, "export")
    file = f"/batches/{name}/files/postings-{name}.csv"
    assert console.at(Role.BILLER).get(file).status_code == 403
    assert console.at(Role.LEAD).get(file).status_code == 200


def test_the_document_of_a_posting_is_given_out_and_no_other(console: Console) -> None:
    name = only(console.ledger)
    postings = console.ledger.batch(name).postings
    sha256 = next(one.evidence.sha256 for one in postings if one.evidence)
    assert console.at(Role.VIEWER).get(f"/batches/{name}/evidence/{sha256}").status_code == 403
    answer = console.at(Role.BILLER).get(f"/batches/{name}/evidence/{sha256}")
    assert answer.content == console.ledger.fetch(sha256)
    assert answer.headers["content-disposition"].startswith(f'attachment; filename="{sha256}')
    assert console.ledger.audit_trail(subject=f"batch {name}", most=1)[0].act == "evidence opened"
    other = console.ledger.store(b"another patient's", "text/plain")
    assert console.at(Role.BILLER).get(f"/batches/{name}/evidence/{other}").status_code == 400


def test_a_posting_of_a_sweep_leads_to_its_case_and_the_run_keeps_what_it_proposed(
    tmp_path: Path,
) -> None:
    desk = desk_over(tmp_path)
    begin(desk.ledger, claims=[sweep_claim(1), sweep_claim(2)])
    for trace in ("T1", "T2"):
        item = desk.ledger.lease_item("night-1", "acme", "me", seconds=60, now=NOW)
        assert item is not None
        settled = desk.ledger.settle(
            item.item_id,
            item.fence,
            observations=[],
            conclusion=conclusion(Outcome.PAID),
            postings=[replace(posting(trace), claim_id=item.claim.claim_id)],
            seconds=Decimal(1),
            at=NOW,
        )
        assert settled
    desk.ledger.finish_sweep("night-1", NOW)
    desk.ledger.take_up(DAY)
    person(desk.ledger, Role.LEAD)
    with serving(desk) as address:
        lead = visitor(address, "lead")
        cases = {c.result.claim.claim_id: c.case_id for c in desk.ledger.queue(View(), DAY).cases}
        text = lead.get("/batches/night-1").text
        linked = re.findall(r'href="/cases/(\d+)">(C\d+)<', text)
        assert {(claim, int(case)) for case, claim in linked} == set(cases.items())
        batch = desk.ledger.batch("night-1")
        payment = batch.entries[0].payment
        fields = {"digest": batch.digest, "payment": payment, "approved": "false"}
        assert lead.act("/batches/night-1/part", **fields).status_code == 303
        assert "of sweep night" in lead.get("/batches").text
    parts = desk.ledger.batches_of_run("night-1")
    assert [len(one.postings) for one in parts] == [1, 1]
    assert {p.key for p in desk.ledger.report("night-1").new_postings} == {
        p.key for p in batch.postings
    }


def test_a_ledger_without_batches_says_where_they_come_from(tmp_path: Path) -> None:
    desk = desk_over(tmp_path)
    person(desk.ledger, Role.VIEWER)
    with serving(desk) as address:
        assert "No batch yet" in visitor(address, "viewer").get("/batches").text
        assert visitor(address, "viewer").get("/batches/none").status_code == 400
