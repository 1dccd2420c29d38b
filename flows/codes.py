"""A one-time code that only a person has reaches the run that waits for it."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import select
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from billing.errors import BadInput, NeedsPerson
from flows.outputs import write_whole

FOLDER = "codes"
LOOK_SECONDS = 0.25
KEY_BYTES = 32
CODE = re.compile(r"\w(?:[^\x00-\x1f\x7f]{0,58}\S)?")  # a security question's answer too
_terminal = threading.Lock()


async def code_from_person(home: Path, payer: str, until: datetime) -> str:
    """The code that a person types here, or gives by ``claimsweep code`` from elsewhere.

    Raises NeedsPerson when nobody has by ``until``.
    """
    desk, key = _Desk(home, payer), X25519PrivateKey.generate()
    desk.ask(key.public_key(), until)
    over = threading.Event()
    here = None
    if sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty():
        here = asyncio.create_task(asyncio.to_thread(_typed, payer, until, over))
    try:
        while datetime.now(UTC) < until:
            given = desk.take(key) or (here.result() if here and here.done() else None)
            if given:
                return given
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        over.set()
        desk.clear()
    raise NeedsPerson(
        f"{payer} asked for a code that only a person has, and nobody gave one by "
        f"{until.astimezone():%H:%M}; run again when somebody can run 'claimsweep code {payer}'"
    )


def give_code(home: Path, payer: str, code: str) -> None:
    """Hand ``code`` to the run that waits for it.

    Raises BadInput when none waits, or when this is no code.
    """
    if not CODE.fullmatch(code):
        raise BadInput("That is no one-time code or answer; it is 1 to 60 characters on one line")
    _Desk(home, payer).give(code)


def require_waiting(home: Path, payer: str) -> None:
    """Raise BadInput when no run waits for a code of ``payer``."""
    _Desk(home, payer).asked()


def waiting_until(home: Path, payer: str) -> datetime | None:
    """Until when a run waits for a code of ``payer``; None when none does."""
    try:
        return _Desk(home, payer).asked()[1]
    except BadInput:
        return None


@dataclass(frozen=True, slots=True)
class _Desk:
    """Two files of a minute: the question with a key made for it alone, and the sealed answer.

    Only the run that asked holds the other half of the key, in its memory.
    """

    home: Path
    payer: str

    @property
    def _question(self) -> Path:
        return self.home / FOLDER / f"{self.payer}.asked"

    @property
    def _answer(self) -> Path:
        return self.home / FOLDER / f"{self.payer}.given"

    def ask(self, key: X25519PublicKey, until: datetime) -> None:
        self._question.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._answer.unlink(missing_ok=True)
        question = {"key": key.public_bytes_raw().hex(), "until": until.isoformat()}
        write_whole(self._question, json.dumps(question).encode())

    def asked(self) -> tuple[X25519PublicKey, datetime]:
        try:
            question = json.loads(self._question.read_bytes())
            until = datetime.fromisoformat(question["until"])
            key = X25519PublicKey.from_public_bytes(bytes.fromhex(question["key"]))
        except (OSError, ValueError, KeyError, TypeError):
            until = None
        if until is None or until <= datetime.now(UTC):
            raise BadInput(
                f"No run waits for a code of {self.payer}; give --home if it works elsewhere"
            )
        return key, until

    def give(self, code: str) -> None:
        once = X25519PrivateKey.generate()
        sealed = _cipher(once, self.asked()[0]).encrypt(code.encode())
        write_whole(self._answer, once.public_key().public_bytes_raw() + sealed)

    def take(self, key: X25519PrivateKey) -> str | None:
        try:
            data = self._answer.read_bytes()
        except OSError:
            return None
        self._answer.unlink(missing_ok=True)
        with suppress(ValueError, InvalidToken):  # not sealed for this question
            other = X25519PublicKey.from_public_bytes(data[:KEY_BYTES])
            code = _cipher(key, other).decrypt(data[KEY_BYTES:]).decode()
            return code if CODE.fullmatch(code) else None
        return None

    def clear(self) -> None:
        self._question.unlink(missing_ok=True)
        self._answer.unlink(missing_ok=True)


def _cipher(ours: X25519PrivateKey, theirs: X25519PublicKey) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"claimsweep code")
    return Fernet(base64.urlsafe_b64encode(derive.derive(ours.exchange(theirs))))


def _typed(payer: str, until: datetime, over: threading.Event) -> str | None:
    """What is typed at this terminal, one question at a time."""
    while not _terminal.acquire(timeout=LOOK_SECONDS):
        if over.is_set():
            return None
    try:
        sys.stderr.write(
            f"{payer} asks for a one-time code. Type it here, or give it by 'claimsweep code "
            f"{payer}' in another terminal, until {until.astimezone():%H:%M:%S}:\n"
        )
        while not over.is_set():
            ready, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
            line = sys.stdin.readline() if ready else None
            if line == "":  # the terminal was closed
                return None
            if line and CODE.fullmatch(line.strip()):
                return line.strip()
            if line:
                sys.stderr.write("That is no one-time code; type it again:\n")
        return None
    finally:
        _terminal.release()
