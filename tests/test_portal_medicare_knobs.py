"""Every trouble that the Medicare portal can be given is one that a person would see."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from medicare_portal import OLWEN, Visitor, medicare, medicare_books


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    with medicare(medicare_books()) as portal:
        visitor = Visitor(portal)
        yield visitor
        visitor.http.close()


@pytest.mark.parametrize(
    ("knob", "page"),
    [
        ("captcha", "Type the characters in the picture"),
        ("password_expired", "Your password has expired"),
    ],
)
def test_what_stands_behind_the_password(visitor: Visitor, knob: str, page: str) -> None:
    setattr(visitor.portal.knobs, knob, True)
    assert page in visitor.log_in()
    assert "Welcome" not in visitor.get("/home")


def test_a_password_that_expires_soon_can_be_left_for_later(visitor: Visitor) -> None:
    visitor.portal.knobs.password_expiring = True
    assert "Your password expires in 5 days" in visitor.enter()
    assert "Security Acknowledgement" in visitor.post("/login/reminder", answer="later")
    assert "Welcome" in visitor.post("/login/acknowledgement", answer="accept")


def test_maintenance_is_a_page_like_any_other(visitor: Visitor) -> None:
    visitor.inside()
    visitor.portal.knobs.maintenance = True
    for path in ("/login", "/claims"):
        answer = visitor.http.get(path)
        assert answer.status_code == 200
        assert "Scheduled Maintenance" in answer.text


def test_claims_may_want_a_second_code(visitor: Visitor) -> None:
    visitor.portal.knobs.step_up = True
    visitor.inside()
    assert "Enter your security code" in visitor.get("/claims")
    code = visitor.portal.newest_code()
    assert "Claim Status Inquiry" in visitor.post("/login/verify", code=code)
    assert "Claim Status Results" in visitor.search()


@pytest.mark.parametrize(
    ("knob", "why"), [("ends_session_after", "for your security"), ("stolen_after", "elsewhere")]
)
def test_a_session_goes_after_so_many_requests(visitor: Visitor, knob: str, why: str) -> None:
    visitor.inside()
    setattr(visitor.portal.knobs, knob, 2)
    assert "Claim Status Inquiry" in visitor.get("/claims")
    assert "Claim Status Results" in visitor.search()
    ended = visitor.post("/claims/view", row="0")
    assert "Session Ended" in ended
    assert why in ended
    visitor.inside()
    assert "Claim Status Results" in visitor.search()


def test_banner_and_announcement_stand_on_the_pages_inside(visitor: Visitor) -> None:
    visitor.inside()
    visitor.portal.knobs.stale_banner = visitor.portal.knobs.announcement = True
    page = visitor.get("/claims")
    assert "Claim information is as of" in page
    assert 'role="dialog"' in page
    assert 'role="dialog"' not in visitor.get("/logged-out")


def test_the_page_drifts_by_degrees(visitor: Visitor) -> None:
    visitor.inside()
    seen = []
    for drift in range(4):
        visitor.portal.knobs.drift = drift
        listed, opened = visitor.search(), visitor.post("/claims/view", row="0")
        seen.append(
            (
                ">Billed<" in listed,
                'id="claimResults"' in listed,
                listed.index("<td>Pending") < listed.index("<td>07/01/2026")
                if "<td>Pending" in listed
                else None,
                '<th scope="row">ICN</th>' in opened,
            )
        )
    assert seen == [
        (True, True, False, True),
        (False, True, False, True),
        (False, False, True, True),
        (False, False, None, False),
    ]


def test_rows_twice_and_rows_of_somebody_else(visitor: Visitor) -> None:
    visitor.inside()
    visitor.portal.knobs.duplicate_rows = True
    assert visitor.search().count("View Claim</button>") == 6
    assert "Claim Detail" in visitor.post("/claims/view", row="5")
    visitor.portal.knobs.wrong_patient = True
    visitor.search()
    assert f"<td>{OLWEN.member_id}</td>" not in visitor.post("/claims/view", row="0")


def test_what_is_below_zero_may_stand_in_parentheses(visitor: Visitor) -> None:
    visitor.inside()
    visitor.search()
    assert "CO-45 -$38.20" in visitor.post("/claims/view", row="2")
    visitor.portal.knobs.parentheses = True
    assert "CO-45 ($38.20)" in visitor.post("/claims/view", row="2")


@pytest.mark.parametrize(
    ("arrival", "kind", "begins"),
    [
        (None, "inline", b"%PDF-"),
        ("attachment", "attachment", b"%PDF-"),
        ("truncated", "attachment", b"%PDF-"),
        ("html", "attachment", b"<html>"),
    ],
)
def test_a_remittance_advice_arrives_in_many_ways(
    visitor: Visitor, arrival: None, kind: str, begins: bytes
) -> None:
    visitor.inside()
    visitor.portal.knobs.document = arrival
    visitor.search()
    assert "/remittance?payment=T0001" in visitor.post("/claims/view", row="2")
    answer = visitor.http.get("/remittance?payment=T0001")
    assert answer.headers["content-disposition"].startswith(kind)
    assert answer.content.startswith(begins)
    assert (b"%%EOF" in answer.content) == (arrival in (None, "attachment"))


def test_links_of_the_two_ways_that_need_a_browser(visitor: Visitor) -> None:
    visitor.inside()
    visitor.search()
    visitor.portal.knobs.document = "tab"
    assert 'target="_blank"' in visitor.post("/claims/view", row="2")
    visitor.portal.knobs.document = "blob"
    assert "createObjectURL" in visitor.post("/claims/view", row="2")


def test_a_redetermination_is_a_write_and_a_code_by_text_is_no_mail(visitor: Visitor) -> None:
    visitor.inside()
    assert visitor.portal.counters()["writes"] == 0
    visitor.post("/claims/appeal", icn="1126160000001")
    assert visitor.portal.counters()["writes"] == 1
    visitor.get("/logout")
    mails = len(visitor.portal.mailbox.messages())
    visitor.log_in()
    assert "text message" in visitor.post("/login/method", method="text")
    assert len(visitor.portal.mailbox.messages()) == mails


def test_codes_may_be_superseded_or_expired_when_they_arrive(visitor: Visitor) -> None:
    box = visitor.portal.mailbox
    box.superseded, box.late = True, 0.0
    visitor.log_in()
    visitor.post("/login/method", method="email")
    first, second = (one.text.split()[4].rstrip(".") for one in box.messages())
    assert "A newer security code" in visitor.post("/login/code", code=first)
    assert "Security Acknowledgement" in visitor.post("/login/code", code=second)
    visitor.post("/login/acknowledgement", answer="decline")
    box.superseded, box.expired = False, True
    assert "has expired" in visitor.enter()
    box.expired = False
    visitor.post("/login/code/again")
    code = visitor.portal.newest_code()
    assert "Security Acknowledgement" in visitor.post("/login/code", code=code)
