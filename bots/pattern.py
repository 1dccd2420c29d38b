"""A regular expression of a profile's, refused where a hostile text could make it run for ever."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

MANY = 20  # a repetition of more is as good as one without end
LONGEST = 2_000  # characters of a pattern
ALPHABET = "".join(map(chr, range(32, 127))) + "\u00e9\u20ac"
"""What stands for all characters where two repetitions are compared."""

_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT)
Parsed = Iterable[tuple[Any, Any]]


def check_pattern(pattern: str) -> re.Pattern[str]:
    """``pattern``, compiled.

    Raises ValueError where it is none, and where it repeats what repeats itself over the same
    characters, as ``(a+)+`` does: the time such a pattern takes doubles with every character.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"is longer than {LONGEST:,} characters")
    try:
        compiled = re.compile(pattern)
        runs_away = _runs_away(_parser.parse(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is not a regular expression: {error}") from None
    if runs_away:
        raise ValueError(
            f"{pattern!r} repeats what repeats itself, and could run for ever; repeat it once, or "
            "put between the repetitions a character that none of them takes"
        )
    return compiled


def _runs_away(parsed: Parsed) -> bool:
    for code, argument in parsed:
        if code in _REPEATS:
            _, most, body = argument
            if most > MANY and _meets_itself(list(body)):
                return True
        if any(_runs_away(inner) for inner in _inside(code, argument)):
            return True
    return False


def _meets_itself(body: list[tuple[Any, Any]]) -> bool:
    """Whether two rounds of ``body`` could share out the same characters in many ways.

    What varies in it does no harm where each round must also take a character that it does not.
    """
    while len(body) == 1 and body[0][0] is _constants.SUBPATTERN:
        body = list(body[0][1][-1])
    if len(body) == 1 and body[0][0] is _constants.BRANCH:
        rounds = [list(one) for one in body[0][1][1]]
        if _shared(rounds):
            return True
    else:
        rounds = [body]
    return any(map(_two_ways, rounds)) or any(
        loose and all(loose & taken for taken in _required(one))
        for one in rounds
        for loose in _loose(one)
    )


def _two_ways(items: Parsed) -> bool:
    """Whether two neighbours in one round may share out the same characters."""
    before: set[str] = set()
    for item in _flat(items):
        loose = _characters(item[1][2]) if _variable(item) else set()
        if before & loose:
            return True
        if _least([item]):
            before &= _characters([item])
        before |= loose
    return False


def _flat(items: Parsed) -> Iterator[tuple[Any, Any]]:
    for code, argument in items:
        if code is _constants.SUBPATTERN:
            yield from _flat(argument[-1])
        else:
            yield code, argument


def _shared(branches: list[list[tuple[Any, Any]]]) -> set[str]:
    """The characters that two of ``branches`` begin with; all, where two may be empty."""
    if sum(not _least(one) for one in branches) > 1:
        return set(ALPHABET)
    edges = [_edge(one) for one in branches]
    return {c for n, one in enumerate(edges) for other in edges[:n] for c in one & other}


def _required(items: Parsed) -> Iterator[set[str]]:
    """The characters of each thing that must be there."""
    for code, argument in items:
        if code is _constants.SUBPATTERN:
            yield from _required(argument[-1])
        elif _least([(code, argument)]):
            yield _characters([(code, argument)])


def _loose(items: Parsed) -> Iterator[set[str]]:
    """The characters of each thing that may take more of them or fewer."""
    for code, argument in items:
        if _variable((code, argument)):
            yield _characters(argument[2])
        if code is _constants.BRANCH:
            yield _shared([list(one) for one in argument[1]])
        for inner in _inside(code, argument):
            yield from _loose(inner)


def _variable(item: tuple[Any, Any]) -> bool:
    return item[0] in _REPEATS and item[1][1] - item[1][0] > 0


def _edge(branch: list[tuple[Any, Any]]) -> set[str]:
    """The characters that ``branch`` can begin with."""
    found: set[str] = set()
    for item in branch:
        code, argument = item
        if code in _REPEATS:
            found |= _edge(list(argument[2]))
        elif code is _constants.SUBPATTERN:
            found |= _edge(list(argument[-1]))
        elif code is _constants.BRANCH:
            found |= set().union(*(_edge(list(one)) for one in argument[1]))
        else:
            found |= _characters([item])
        if _least([item]):
            break
    return found


def _least(items: Parsed) -> int:
    """The fewest characters that ``items`` take."""
    total = 0
    for code, argument in items:
        if code in _REPEATS:
            total += argument[0] * _least(argument[2])
        elif code is _constants.SUBPATTERN:
            total += _least(argument[-1])
        elif code is _constants.BRANCH:
            total += min(_least(one) for one in argument[1])
        elif code in (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN):
            total += 1
    return total


def _characters(items: Parsed) -> set[str]:
    """Every character that any of ``items`` takes."""
    found: set[str] = set()
    for code, argument in items:
        if code in (_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN):
            one = re.compile(_spelled(code, argument))
            found |= {c for c in ALPHABET if one.match(c)}
        for inner in _inside(code, argument):
            found |= _characters(inner)
    return found


def _spelled(code: Any, argument: Any) -> str:
    """A class of characters as a pattern again."""
    if code is _constants.LITERAL:
        return re.escape(chr(argument))
    if code is _constants.NOT_LITERAL:
        return f"[^{re.escape(chr(argument))}]"
    if code is _constants.ANY:
        return "."
    return "[" + "".join(map(_part, argument)) + "]"


def _part(part: tuple[Any, Any]) -> str:
    code, argument = part
    if code is _constants.NEGATE:
        return "^"
    if code is _constants.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    if code is _constants.CATEGORY:
        name = str(argument).rpartition("_")[2]
        sign = {"DIGIT": "d", "SPACE": "s", "WORD": "w"}[name]
        return "\\" + (sign.upper() if "_NOT_" in str(argument) else sign)
    return re.escape(chr(argument))


def _inside(code: Any, argument: Any) -> Iterator[Parsed]:
    if code in _REPEATS:
        yield argument[2]
    elif code is _constants.SUBPATTERN:
        yield argument[-1]
    elif code is _constants.BRANCH:
        yield from argument[1]
    elif code in (_constants.ASSERT, _constants.ASSERT_NOT):
        yield argument[1]
