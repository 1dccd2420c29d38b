"""Public sample files of other projects, read or refused, against a key made by other code."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from x12_samples import PUBLIC

from bots.reading.x12_json import write_document

FILES = sorted(path for path in PUBLIC.glob("*/*") if path.suffix != ".md")
NO_DATE = {"cob-contractural-adjustment", "secondary-payment", "tertiary-payment"}
"""835s with an asterisk too few before the payment date, which so stands in BPR15."""

IMPOSSIBLE_DATE = "managed-care"
"""An 835 with the payment date 20002316."""

UNBALANCED = "tertiary-payment"
"""An 835 with ``SVC*HC*24599.00*1766.50`` for ``SVC*HC:24599*1766.50``: its line cannot close."""

pytestmark = pytest.mark.skipif(not FILES, reason="the public sample files are not here")


def key(data: str) -> dict[str, Any]:
    """What a regular expression and ``split`` find in a file; the tokenizer takes no part.

    It trusts that the file begins with ISA or GS and that a terminator stands before GS or ST.
    """
    element = data[3] if data.startswith("ISA") else data[2]
    found = re.search(rf"([^A-Za-z0-9])\s*(?:GS|ST){re.escape(element)}", data[4:])
    assert found
    segments = [one.strip().split(element) for one in data.split(found[1]) if one.strip()]
    of = Counter(one[0] for one in segments)
    numbers = {name: [one for one in segments if one[0] == name] for name in of}
    stated = numbers["ISA"][0][16] if "ISA" in numbers else ":"
    composite = re.search(rf"\b(?:SVC|SV1|STC){re.escape(element)}[A-Z][A-Z0-9]([:>^|])", data)
    component = composite[1] if composite else stated
    starts = [at for at, one in enumerate(segments) if one[0] == "ST"]
    ends = [at for at, one in enumerate(segments) if one[0] == "SE"]
    wrong = (
        sum(
            int(segments[end][1]) != end - start + 1
            for start, end in zip(starts, ends, strict=True)
        )
        + sum(
            segments[end][2] != segments[start][2] for start, end in zip(starts, ends, strict=True)
        )
        + sum(
            isa[13] != iea[2]
            for isa, iea in zip(numbers.get("ISA", []), numbers["IEA"], strict=False)
        )
        + sum(gs[6] != ge[2] for gs, ge in zip(numbers["GS"], numbers["GE"], strict=True))
    )
    wrong += component != stated
    wrong += any(not re.fullmatch(r"[A-Z][A-Z0-9]{1,2}", one[0]) for one in segments)
    if len(numbers["GS"]) == 1:
        wrong += int(numbers["GE"][0][1]) != of["ST"]
    if of["ISA"] == 1:
        wrong += int(numbers["IEA"][0][1]) != of["GS"]
        wrong += len(data.split(element + stated + found[1])[0]) != 103
    else:
        wrong += 2 * (of["ISA"] == 0)  # no ISA, and an IEA that ends nothing
    return {"segments": segments, "of": of, "component": component, "wrong": wrong}


def read(file: Path) -> dict[str, Any]:
    out = io.StringIO()
    write_document(file, out)
    document: dict[str, Any] = json.loads(out.getvalue())
    return document


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name[-40:]}")
def test_a_public_file_is_read_or_refused_for_the_right_reason(file: Path) -> None:
    expected, document = key(file.read_text(encoding="utf-8")), read(file)
    kind = file.parent.name
    assert document["type"] == kind
    assert len(document["envelope"]) == expected["wrong"], document["envelope"]
    if kind in ("270", "276", "837"):
        (sentence,) = document["errors"]
        assert f"({kind}), not an answer" in sentence
        return
    undated = "is missing" if any(one in file.name for one in NO_DATE) else ""
    undated = "is not a date" if IMPOSSIBLE_DATE in file.name else undated
    if undated:
        (sentence,) = document["errors"]
        assert f"BPR16 (the payment date) {undated}; the claims are read" in sentence
        assert document["payments"][0]["date"] is None
    else:
        assert document["errors"] == []
    KEYS[kind](document, expected)


def _remittance(document: dict[str, Any], expected: dict[str, Any]) -> None:
    (payment,) = document["payments"]
    claims = [one for one in expected["segments"] if one[0] == "CLP"]
    assert [(one["claim_id"], Decimal(one["paid"])) for one in payment["claims"]] == [
        (one[1], Decimal(one[4])) for one in claims
    ]
    lines = [line["procedure"] for claim in payment["claims"] for line in claim["lines"]]
    assert lines == [
        ([*one[1].split(expected["component"]), ""])[1]
        for one in expected["segments"]
        if one[0] == "SVC"
    ]
    odd = {"lines" in one["where"] for one in payment["residuals"]}
    assert payment["balanced"] == (UNBALANCED not in document["file"])
    assert payment["balanced"] or odd == {True, False}


def _status(document: dict[str, Any], expected: dict[str, Any]) -> None:
    traces, codes, charges, lines = [], [], [], False
    for segment in expected["segments"]:
        lines = lines and segment[0] != "HL"
        if segment[0] == "TRN":
            trace = segment[2]
        elif segment[0] == "SVC":
            lines = True
        elif segment[0] == "STC" and not lines:
            traces.append(trace)
            codes.append(segment[1].rstrip(expected["component"]))
            charges.append(Decimal(segment[4]) if len(segment) > 4 else None)
    assert [one["inquiry"] for one in document["statuses"]] == traces
    assert [one["words"] for one in document["statuses"]] == codes
    said = [one["charge"] for one in document["statuses"]]
    assert [one and Decimal(one) for one in said] == charges


def _cover(document: dict[str, Any], expected: dict[str, Any]) -> None:
    (cover,) = document["coverages"]
    stated = [one for one in expected["segments"] if one[0] == "EB"]
    kinds = {one[3] for one in stated if len(one) > 3}
    if expected["of"]["AAA"]:
        assert cover["answer"]["kind"] == "no_answer"
        assert "AAA 50 N" in cover["answer"]["detail"]
        return
    assert cover["active"] is True
    assert cover["plan"] == "GOLD 123 PLAN"
    assert {one["service_type"] for one in cover["benefits"]} == {
        code for kind in kinds for code in kind.split("^")
    }
    copays = {one[7] for one in stated if one[1] == "B"}
    assert {one["copay"] for one in cover["benefits"]} - {None} == copays


def _acknowledged(document: dict[str, Any], expected: dict[str, Any]) -> None:
    by_code = [
        one[1][:2] in ("A1", "A2") if one[0] == "STC" else one[1] == "A"
        for one in expected["segments"]
        if one[0] in ("STC", "IK5", "AK9")
    ]
    assert [one["accepted"] for one in document["acknowledgements"]] == by_code


KEYS = {
    "835": _remittance,
    "277": _status,
    "271": _cover,
    "277CA": _acknowledged,
    "999": _acknowledged,
}


def test_all_kinds_are_there() -> None:
    kinds = Counter(file.parent.name for file in FILES)
    assert set(KEYS) | {"270", "276", "837"} == set(kinds)
    assert len(FILES) >= 80
