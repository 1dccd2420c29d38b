"""Many claims answered from one list of the portal: as the key says, and with far fewer pages."""

from __future__ import annotations

import io
import re
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from claim_lists import (
    DOCUMENT,
    LIST,
    LONG,
    PAID,
    Told,
    captures,
    claim_of,
    count,
    declared,
    in_row,
    is_list,
    patient_profile,
    portal_answers,
    small,
    small_claims,
    text,
    told,
    twice,
    with_a_stranger,
    without,
)
from PIL import Image
from portal_faults import MEDICAID, Sent, Spoiler, crash, is_document

import bots.portal.listed_claims
import sandbox.medicaid_list
from billing.model import CLAIM_LIST, Claim, NoAnswer, NotFound, Outcome, Reason
from bots.page_language import PageField
from bots.portal import many
from bots.portal.browser import Browser
from bots.portal.driver import ClaimStatusDriver
from bots.portal.many import COVER, ListReader
from bots.profile import Profile
from bots.reading.redecide import redecide
from bots.reading.reread import Archive, reread_page
from sandbox.books import make_world
from sandbox.knobs import Knobs
from sandbox.truth import truth_rows

AS_OF = date(2026, 11, 20)
ALONE = 6  # of thirty that are asked about alone too, to compare
ALONE_AT = "/ClaimInquiry.aspx"
RESULTS = re.compile(rb"(?s)<h2>Claim Inquiry Results</h2>.*?</table>")
NO_RESULT = b'<p><span class="note">No claims were found for the criteria entered.</span></p>'
LEAVING = 1  # the page that signs out is posted to where one is
KEYED = (
    "outcome", "payer_claim_number", "service_from", "charge", "paid", "patient_responsibility",
    "payment_date", "trace_number", "status_category", "reason_codes",
)  # fmt: skip


def plain(value: Any) -> Any:
    """As the key spells it."""
    if isinstance(value, tuple):
        return list(value)
    return None if value is None else str(value)


def test_claims_by_the_list_are_as_the_key_has_them_and_cost_about_a_third_of_the_pages(
    list_claims: int, browser_executable: Browser, tmp_path: Path
) -> None:
    world = make_world(1, list_claims, AS_OF)
    claims = [claim_of(one, n) for n, one in enumerate(world.medicaid.billed, 2)]
    key = {row["claim_id"]: row for row in truth_rows(world) if row["payer"] == MEDICAID}
    with told(tmp_path / "listed", browser_executable, claims, world=world, worth=5) as by_list:
        for result in by_list.night.ledger.results("night-1"):
            said = {name: plain(getattr(result.conclusion, name)) for name in KEYED}
            wanted = key[result.claim.claim_id]
            assert said == {name: wanted[name] for name in KEYED}, result.item_id
        assert by_list.drift == []
        assert by_list.found_by.count(CLAIM_LIST) >= 0.7 * len(claims)
        assert {by_list.counters[name] for name in ("writes", "refusals", "locks")} == {0}
        looks_like_the_page(by_list)
        reads_again(by_list, claims)
    some = claims if list_claims > 30 else claims[:ALONE]
    profile = declared(patient_profile(), claim_list=None)
    with told(
        tmp_path / "alone", browser_executable, some, world=world, profile=profile
    ) as one_by_one:
        assert portal_answers(one_by_one) == portal_answers(by_list)[: len(some)]
    sys.stderr.write(f"\n{costs(by_list)}\n{costs(one_by_one)}\n")
    assert by_list.pages_a_claim * 2.9 <= one_by_one.pages_a_claim  # 3.4 of thirty, 2.97 of 100


def costs(it: Told) -> str:
    """What a night cost, in a line."""
    documents, loads = it.pages[DOCUMENT], it.pages.total()
    return (
        f"{len(it.outcomes)} claims, {it.found_by.count(CLAIM_LIST)} from a list: "
        f"{loads - documents} pages ({it.pages_a_claim:.2f} a claim), {documents} documents, "
        f"{loads} loads, {it.seconds / len(it.outcomes):.2f} s a claim"
    )


def looks_like_the_page(by_list: Told) -> None:
    """Each figure of a row has a place on a picture that shows this row, and nobody else's."""
    ledger, seen = by_list.night.ledger, 0
    for observation in by_list.seen:
        places = observation.places
        if observation.search != CLAIM_LIST or not places:
            continue
        seen += 1
        assert {"payer_claim_number", "words", "member_id", "charge"} <= places.keys()
        (image,) = {str(place.image) for place in places.values()}
        assert {image, places["charge"].sha256} <= set(observation.captures)
        picture = Image.open(io.BytesIO(ledger.fetch(image)))
        boxes = [place.box for place in places.values() if place.box]
        top, bottom = int(min(box[1] for box in boxes)), int(max(box[3] for box in boxes))
        middle = [picture.getpixel((x, y)) for y in (top + 2, bottom - 2) for x in (100, 500)]
        assert COVER not in middle
        below = bottom + 4
        assert below >= picture.height or picture.getpixel((100, below)) == COVER
    assert seen > 10


def reads_again(by_list: Told, claims: list[Claim]) -> None:
    """What was kept says the same today, and nothing of a row whose column the profile misreads."""
    profile, ledger = patient_profile(), by_list.night.ledger
    listed = profile.file.tasks.claim_status.claim_list
    assert listed is not None
    fields = {**listed.rows.fields, "paid": PageField(column=("Paid Out",), into="money")}
    misread = declared(profile, rows=listed.rows.model_copy(update={"fields": fields}))
    archive = Archive(ledger.fetch, ledger.media_type)

    def verdicts(known: Profile, n: int) -> set[str]:
        one = by_list.seen[n]
        again = (*reread_page(one, archive, known), *redecide(claims[n], one, archive, known, None))
        return {field.verdict for field in again}

    by_rows = [n for n, one in enumerate(by_list.seen) if one.search == CLAIM_LIST]
    absent = [n for n in by_rows if isinstance(by_list.seen[n].answer, NotFound)]
    for n in (*by_rows[:3], *absent[:1]):
        assert verdicts(profile, n) == {"same"}
        assert verdicts(misread, n) == {"refused"}
        assert "refused" in verdicts(declared(profile, claim_list=None), n)


FAULTS: dict[str, tuple[Callable[[Sent], None], str | None]] = {
    "cut": (text("<h2>Claim List</h2>", "<h2>Claim List</h2><p>Only the first 6</p>"), ""),
    "count": (count(1), "another number of rows"),
    "missing": (without(PAID[0]), "another number of rows"),
    "two ways": (twice(PAID[0], "Processed", "Denied"), "two things of one claim"),
    "another year": (text("to 12/31/2026</span>", "to 12/31/2025</span>"), "does not show"),
    "a row of another year": (in_row(PAID[4], "2026", "2025"), "another time"),
    "for another": (text("NPI 1234567890", "NPI 1593572460"), "does not show"),
    "renamed": (text(">Payment Date<", ">Paid On<"), "lacks the columns"),
    "other": (in_row(PAID[0], "$1,180.00", "$1,108.00"), "the claim itself disagree"),
    "lacking": (without(PAID[0], counted_out=True), "the claim itself disagree"),
    "no figure": (in_row(PAID[0], "$1,250.00", "see claim"), "compare it with the profile"),
    "down": (lambda sent: sent.page("<h1>503 Service Unavailable</h1>", 503), ""),
    "no list": (text("<h2>Claim List</h2>", "<h2>List of claims</h2>"), "is not on the page"),
    "ended": (lambda sent: sent.page("<h1>Your session has expired</h1>"), ""),
    "browser": (crash, ""),
}  # fmt: skip


TOLD_EACH_TIME = ("other", "down")
"""The faults that are tried each time."""


@pytest.mark.parametrize(
    "fault", [one if one in TOLD_EACH_TIME else pytest.param(one, marks=LONG) for one in FAULTS]
)
def test_a_list_with_a_fault_answers_nobody(
    fault: str, browser_executable: Browser, tmp_path: Path
) -> None:
    how, why = FAULTS[fault]
    spoil = Spoiler(is_list, how, times=1 if fault == "browser" else 999)
    with told(tmp_path / "home", browser_executable, small_claims(), spoil=spoil) as it:
        assert it.outcomes == small()
        assert CLAIM_LIST not in it.found_by
        assert len(it.drift) == bool(why)
        assert all(str(why) in one for one in it.drift), it.drift
        assert it.proxy.asked.count(f"POST {LIST}") <= 3, "it is not asked for again"


def rows_counted(page: bytes, _: object) -> int:
    return page.count(b"Select$")


def for_the_other(sent: Sent) -> None:
    """The list of another provider, who has not our claim."""
    without(PAID[1], counted_out=True)(sent)
    text("NPI 1234567890", "NPI 1593572460")(sent)


@pytest.mark.parametrize(
    ("guard", "left", "lie"),
    [
        ((many, "read_count"), rows_counted, without(PAID[1])),
        pytest.param((ListReader, "_require_ours"), None, for_the_other, marks=LONG),
    ],
)
def test_what_keeps_a_claim_from_being_called_not_on_file_is_the_proof_that_the_list_is_whole(
    guard: tuple[Any, str],
    left: Callable[..., Any] | None,
    lie: Callable[[Sent], None],
    browser_executable: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoil = Spoiler(is_list, lie)
    with told(tmp_path / "held", browser_executable, small_claims(), spoil=spoil) as it:
        assert it.outcomes == small()

    async def nothing(_: object) -> None:
        return

    owner, name = guard
    monkeypatch.setattr(owner, name, left or nothing)
    with told(tmp_path / "let", browser_executable, small_claims(), spoil=spoil) as it:
        assert it.outcomes[1] is Outcome.NOT_FOUND


def test_a_whole_list_is_one_search_and_the_pace_holds_for_all_that_is_asked(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses = []
    pause = ClaimStatusDriver.pause

    async def noted(driver: ClaimStatusDriver) -> None:
        pauses.append(driver)
        await pause(driver)

    monkeypatch.setattr(ClaimStatusDriver, "pause", noted)
    with told(tmp_path / "home", browser_executable, small_claims()) as it:
        assert it.outcomes == small()
        assert it.found_by == ["listed", CLAIM_LIST, CLAIM_LIST]
        assert it.pages == Counter({ALONE_AT: 5, LIST: 2 + LEAVING, DOCUMENT: 2})
        assert len(pauses) == 1 + 1 + 1, "a search, the list, a document of the list"
        assert captures(it, 3).keys() == {"text/html", "image/png"}


@LONG
def test_two_claims_alike_are_no_surprise(browser_executable: Browser, tmp_path: Path) -> None:
    doubled = {MEDICAID: Knobs(duplicate_rows=True)}
    with told(tmp_path / "twice", browser_executable, small_claims(), knobs=doubled) as it:
        assert it.outcomes == small()
        assert it.found_by == ["listed", "listed", CLAIM_LIST]


def test_what_its_own_search_does_not_find_and_the_list_shows_is_left_to_a_person(
    browser_executable: Browser, tmp_path: Path
) -> None:
    listed = []

    def lie(sent: Sent) -> None:
        """Two claims like ours in the list, so that ours is searched for: and found nowhere."""
        if is_list(sent):
            listed.append(sent.path)
            twice(PAID[1], PAID[1], "0226000000099")(sent)
        elif listed and b"<h2>Claim Inquiry Results" in sent.body:
            sent.body = RESULTS.sub(NO_RESULT, sent.body)

    with told(tmp_path / "home", browser_executable, small_claims(), spoil=lie) as it:
        assert it.outcomes[:2] == [Outcome.PAID, Outcome.NO_ANSWER]
        answer = it.seen[1].answer
        assert isinstance(answer, NoAnswer)
        assert answer.reason is Reason.NEEDS_PERSON
        assert "the search for it finds none" in answer.detail
        assert it.drift, "the portal contradicts itself, and nobody is told"


@LONG
def test_few_claims_are_asked_about_alone(browser_executable: Browser, tmp_path: Path) -> None:
    with told(tmp_path / "home", browser_executable, small_claims(), worth=4) as it:
        assert it.outcomes == small()
        assert it.pages[LIST] == 0


@LONG
def test_an_old_list_is_asked_for_again(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bots.portal.listed_claims, "KEPT_SECONDS", 0)
    with told(tmp_path / "home", browser_executable, small_claims(5)) as it:
        assert it.outcomes == small(5)
        assert it.found_by == ["listed", CLAIM_LIST] * 2 + ["listed"] * 2


@LONG
def test_a_row_that_changes_after_the_list_was_read_is_asked_about_alone(
    browser_executable: Browser, tmp_path: Path
) -> None:
    """The stranger's claim is asked about alone, so the list is shown once more after it."""
    later = Spoiler(is_list, in_row(PAID[1], "Processed", "Denied"))
    shown: list[Sent] = []

    def spoil(sent: Sent) -> None:
        if is_list(sent):
            shown.append(sent)
            if len(shown) > 1:
                later(sent)

    with told(tmp_path / "home", browser_executable, with_a_stranger(), spoil=spoil) as it:
        assert it.outcomes == [Outcome.PAID, Outcome.WRONG_PATIENT, Outcome.PAID, Outcome.PAID]
        assert it.found_by == ["listed"] * 4
        assert len(shown) == 2
        assert it.drift == []


@pytest.mark.parametrize(
    "lie", [None, pytest.param(in_row(PAID[1], "$1,180.00", "$1,108.00"), marks=LONG)]
)
def test_a_claim_is_opened_from_the_list_and_must_say_what_its_row_says(
    lie: Callable[[Sent], None] | None, browser_executable: Browser, tmp_path: Path
) -> None:
    profile = patient_profile()
    task = profile.file.tasks.claim_status
    back = [{"click": {"role": "button", "name": "Return to list"}}]
    opened = declared(
        profile,
        whole={},
        opened=("Processed",),
        open=task.open,
        back=tuple(type(task.open[0]).model_validate(one) for one in back),
    )
    spoil = Spoiler(is_list, lie) if lie else lambda _: None
    with told(
        tmp_path / "home", browser_executable, small_claims(), spoil=spoil, profile=opened
    ) as it:
        assert it.outcomes == small()
        if lie:
            assert it.found_by == ["listed"] * 3
            assert ["disagree" in one for one in it.drift] == [True]
        else:
            assert it.drift == []
            assert it.found_by == ["listed", CLAIM_LIST, CLAIM_LIST]
            assert it.pages == Counter({ALONE_AT: 5, LIST: 2 + 1 + LEAVING, DOCUMENT: 2})


@LONG
def test_on_several_pages_not_on_file_is_asked_about_alone(
    browser_executable: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox.medicaid_list, "ROWS_PER_PAGE", 4)
    with told(tmp_path / "home", browser_executable, small_claims(5)) as it:
        assert it.outcomes == small(5)
        assert it.found_by[-1] == "listed"
        assert it.found_by.count(CLAIM_LIST) >= 3
        assert it.drift == []


@LONG
def test_a_document_that_does_not_come_is_asked_for_by_the_claim_itself(
    browser_executable: Browser, tmp_path: Path
) -> None:
    documents: list[Sent] = []

    def spoil(sent: Sent) -> None:
        if is_document(sent):
            documents.append(sent)
            if len(documents) == 2:  # the first is that of the claim that is asked about alone
                sent.page("<h1>Error</h1>")

    with told(tmp_path / "home", browser_executable, small_claims(3), spoil=spoil) as it:
        assert it.outcomes == small(3)
        assert it.found_by == ["listed"] * 2 + [CLAIM_LIST] * 2
