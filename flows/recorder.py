"""A person's recorded walk through a portal becomes steps of the page language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from billing.errors import BadInput
from billing.money import parse_date
from bots.page_language import DATE_WORDS, Press
from bots.reading.fields import US_DATES

NAME_THIS = "# NAME THIS"
KINDS = {
    "role": "role",
    "label": "label",
    "text": "text",
    "placeholder": "placeholder",
    "title": "title",
    "test-id": "test_id",
    "default": "css",
}
SECRETS = {
    r"password": "{secret.password}",
    r"user ?(name|id)|login id": "{secret.username}",
    r"(verification|security|access|one-time) code|passcode": "{secret.code}",
}
"""What the name of a login field says of the secret that is typed there."""

MANY_DIGITS = re.compile(r"\d{3}")
KEYS = frozenset(Press.model_fields["key"].annotation.__args__)  # type: ignore[union-attr]
HEAD = """\
# Recorded from a person's walk. Move the steps to login.steps, tasks.claim_status.search, submit
# and open, and give a name to every value marked NAME THIS: nothing typed was written down.
steps:
"""


def steps_from(recording: str, words: Mapping[str, str]) -> str:
    """The YAML of the steps in ``recording``, the lines of Playwright's ``codegen --target jsonl``.

    ``words`` are the sample claim's (``member_id`` and so on): where one was typed or clicked, its
    placeholder stands. Whatever else was typed is left out. Raises BadInput for other lines.
    """
    try:
        actions = [json.loads(line) for line in recording.splitlines() if line.strip()]
    except ValueError:
        raise BadInput("The recording is not codegen's JSON lines; record the walk again") from None
    actions = [one for one in actions if isinstance(one, dict) and "name" in one]
    said = [line for one in _needed(actions) for line in _step(one, words)]
    return HEAD + "".join(f"  {line}\n" for line in said)


def _needed(actions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Without the click that only puts the cursor where the next action types."""
    for action, after in zip(actions, [*actions[1:], {}], strict=True):
        same = action.get("selector") and action.get("selector") == after.get("selector")
        if not (action["name"] == "click" and after.get("name") == "fill" and same):
            yield action


def _step(action: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    name = action["name"]
    if name in ("openPage", "closePage"):
        return
    if name == "navigate":
        yield from _go(str(action.get("url", "")))
        return
    locator, sure = _locator(action.get("locator") or {}, words)
    mark = "" if sure else f"  {NAME_THIS}: the element"
    match name:
        case "click" if action.get("clickCount", 1) == 1 and not action.get("modifiers"):
            yield f"- click: {_flow(locator)}{mark}"
        case "check" | "hover":
            yield f"- {name}: {_flow(locator)}{mark}"
        case "fill":
            value, known = _value(str(action.get("text", "")), locator, words)
            mark = mark or ("" if known else f"  {NAME_THIS}: the value")
            yield f"- fill: {_flow({**locator, 'value': value})}{mark}"
        case "select":
            chosen = "".join(str(one) for one in action.get("options", [])[:1])
            value, _ = _value(chosen, locator, words)
            yield f"- choose: {_flow({**locator, 'value': value})}  {NAME_THIS}: the option's text"
        case "press" if action.get("key") in KEYS and not action.get("modifiers"):
            yield f"- press: {_flow({**locator, 'key': action['key']})}{mark}"
        case _:
            yield f"{NAME_THIS}: the page language has no {name} of this kind, {_flow(locator)}"
    if any(one.get("name") == "popup" for one in action.get("signals", [])):
        yield "# this opened a tab"


def _go(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return
    mark = f"  {NAME_THIS}: the address had a query" if parts.query else ""
    if MANY_DIGITS.search(parts.path):
        yield f"{NAME_THIS}: an address with figures was opened; click to it instead"
        return
    yield f"- go: {_quoted(parts.path or '/')}{mark}"


def _locator(given: Mapping[str, Any], words: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
    """The element as the page language points at it, and whether that is all of what was said."""
    found: dict[str, Any] = {}
    sure = True
    part: Mapping[str, Any] | None = given
    frames: list[str] = []
    while part:
        kind, body, options = part.get("kind"), part.get("body"), part.get("options") or {}
        following = part.get("next")
        if kind in ("frame", "frame-locator"):
            frames.append(str(body))
        elif kind in KINDS and not found:
            found[KINDS[str(kind)]] = _named(str(body), words)
            if options.get("name"):
                found["name"] = _named(str(options["name"]), words)
            if kind not in ("default", "test-id") and not options.get("exact"):
                found["exact"] = False
            sure = sure and None not in found.values()
        else:
            sure = False
        part = following if isinstance(following, dict) else None
    if frames:
        found["frame"] = frames if len(frames) > 1 else frames[0]
    return {key: value for key, value in found.items() if value is not None} or {"css": "?"}, sure


def _named(text: str, words: Mapping[str, str]) -> str | None:
    """A name on the page, its claim's words as placeholders; None where it may name a patient."""
    for word, value in words.items():
        if value and value.casefold() in text.casefold():
            kind = "row" if word == "payer_claim_number" else "claim"
            start = text.casefold().index(value.casefold())
            text = f"{text[:start]}{{{kind}.{word}}}{text[start + len(value) :]}"
    return None if MANY_DIGITS.search(text) else text


def _value(text: str, locator: Mapping[str, Any], words: Mapping[str, str]) -> tuple[str, bool]:
    """The placeholder for what was typed, and whether there is one."""
    for word, value in words.items():
        if value and _bare(value) == _bare(text):
            return f"{{claim.{word}}}", True
        if word in DATE_WORDS and (spelling := _spelling(text, value)):
            return f"{{claim.{word}|{spelling}}}", True
    named = " ".join(str(value) for value in locator.values()).casefold()
    for part, secret in SECRETS.items():
        if re.search(part, named):
            return secret, True
    return "?", False


def _spelling(text: str, value: str) -> str | None:
    """How ``text`` spells the day that ``value`` is; None when it is another, or none."""
    try:
        meant: date = parse_date(value, (*US_DATES, "%Y-%m-%d"))
    except ValueError:
        return None
    spellings = ("%m/%d/%Y", "%Y-%m-%d", "%m%d%Y", "%m-%d-%Y", "%m/%d/%y", "%Y%m%d", "%-m/%-d/%Y")
    return next((one for one in spellings if meant.strftime(one) == text), None)


def _bare(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _flow(value: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_quoted(one)}" for key, one in value.items()) + "}"


def _quoted(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z/][\w/.-]*( [A-Za-z][\w.-]*)*", value):
        return value
    return json.dumps(value, ensure_ascii=False)
