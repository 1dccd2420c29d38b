"""Where the figures of a payment stand, each made an evidence when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from billing.model import Evidence, RemittedClaim

_STATED = {".charge": 3, ".paid": 4, ".patient_responsibility": 5}
"""The figures of the claim itself, and which elements of its CLP they are."""


def place(number: int, name: str, position: int) -> str:
    """Where an element stands: ``segment 12, CLP04``."""
    return f"segment {number}, {name}{position:02d}"


def where_by_path(claim: RemittedClaim, where: Sequence[int]) -> dict[str, str]:
    """Where each figure of a claim of an 835 stands, by its path: ``.lines[0].paid``.

    ``where`` is the segment of its CLP, then of each claim-level adjustment, then of each line
    its SVC, its allowed amount if there is one, and its adjustments. A segment is told by its
    number; that of an adjustment stands times 100, plus the element's position.
    """
    left = iter(where)
    number = next(left)
    found = {path: place(number, "CLP", at) for path, at in _STATED.items()}
    found |= _adjusted("", len(claim.adjustments), left)
    for index, line in enumerate(claim.lines):
        path, number = f".lines[{index}]", next(left)
        found[f"{path}.charge"] = place(number, "SVC", 2)
        found[f"{path}.paid"] = place(number, "SVC", 3)
        if line.allowed is not None:
            found[f"{path}.allowed"] = place(next(left), "AMT", 2)
        found |= _adjusted(path, len(line.adjustments), left)
    return found


class SegmentPlaces(Mapping[str, Evidence]):
    """The evidence of one claim's figures in the 835 that ``sha256`` names, by path from the claim.

    ``where`` is as :func:`where_by_path` has it.
    """

    __slots__ = ("_by_path", "claim", "sha256", "where")

    def __init__(self, sha256: str, claim: RemittedClaim, where: Sequence[int]) -> None:
        self.sha256, self.claim, self.where = sha256, claim, where
        self._by_path: dict[str, str] = {}

    def __getitem__(self, path: str) -> Evidence:
        position = _STATED.get(path)
        if position is not None:
            return Evidence(self.sha256, place(self.where[0], "CLP", position))
        return Evidence(self.sha256, self._made()[path])

    def __iter__(self) -> Iterator[str]:
        return iter(self._made())

    def __len__(self) -> int:
        # of a CLP three figures are kept, of an SVC two, of every other segment one
        return len(self.where) + 2 + len(self.claim.lines)

    def _made(self) -> Mapping[str, str]:
        self._by_path = self._by_path or where_by_path(self.claim, self.where)
        return self._by_path


class PaymentPlaces(Mapping[str, Evidence]):
    """The evidence of a payment's figures: its ``own``, and of each of its ``claims`` those of the
    claim, by path from it."""

    __slots__ = ("claims", "own")

    def __init__(
        self, own: Mapping[str, Evidence], claims: Sequence[Mapping[str, Evidence]]
    ) -> None:
        self.own, self.claims = own, claims

    def __getitem__(self, path: str) -> Evidence:
        if not path.startswith("claims["):
            return self.own[path]
        index, _, rest = path.removeprefix("claims[").partition("]")
        try:
            return self.claims[int(index)][rest]
        except (IndexError, ValueError):
            raise KeyError(path) from None

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        for index, places in enumerate(self.claims):
            yield from (f"claims[{index}]{path}" for path in places)

    def __len__(self) -> int:
        return len(self.own) + sum(map(len, self.claims))


def _adjusted(path: str, count: int, where: Iterator[int]) -> dict[str, str]:
    at = (divmod(next(where), 100) for _ in range(count))
    return {
        f"{path}.adjustments[{index}].amount": place(number, "CAS", position)
        for index, (number, position) in enumerate(at)
    }
