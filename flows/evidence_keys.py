"""Who keeps the keys that evidence is sealed with: a secret, a key file or a vault's program."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from billing.errors import BadInput
from billing.ledger.keys import Wrappings
from billing.ledger.sealing import LEAST_SECRET, SecretWrapping, Wrapping
from flows.evidence_settings import evidence_settings
from flows.settings import COMMAND_SECONDS, Settings

KEY_OF, KEY_NAME, BEFORE = "claimsweep", "evidence-key", "evidence-key-before"
PROGRAM = "program"
MAKE = "make one with 'openssl rand -hex 32'"


@dataclass(frozen=True, slots=True)
class ProgramWrapping:
    """Programs that ask a key management service, a vault or a module of hardware.

    Each gets one line of base64 on standard input, with the key's id in CLAIMSWEEP_KEY_ID, and
    prints one line of base64.
    """

    to_wrap: Sequence[str]
    to_unwrap: Sequence[str]
    name: str = PROGRAM

    def wrap(self, key: bytes, key_id: str) -> bytes:
        """As :meth:`Wrapping.wrap`. Raises BadInput when the program does not do it."""
        return _asked(self.to_wrap, key, key_id)

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """As :meth:`Wrapping.unwrap`. Raises BadInput when the program does not do it."""
        return _asked(self.to_unwrap, wrapped, key_id)


def wrappings_of(settings: Settings) -> Wrappings:
    """Gives the keeper of the keys by its name, each asked for once; for None the one in force.

    Where nothing is configured, that is a key file, which is made when it is first wanted.
    """
    known: dict[str, Wrapping] = {}

    def choose(wanted: str | None) -> Wrapping:
        if wanted is None:
            chosen = keeper_in_force(settings) or SecretWrapping(_made(key_file()))
            return known.setdefault(chosen.name, chosen)
        if wanted not in known:
            for one in _at_hand(settings):
                known[one.name] = one
                if one.name == wanted:
                    break
        if wanted not in known:
            there = ", ".join(sorted(known)) or "none"
            raise BadInput(
                f"The evidence of this ledger is sealed, and key {wanted} is wanted to open it "
                f"(at hand: {there}): put it back as the secret {KEY_OF}/{KEY_NAME}, or as "
                f"{KEY_OF}/{BEFORE} until claimsweep keys rewrap is done"
            )
        return known[wanted]

    return choose


def keeper_in_force(settings: Settings) -> Wrapping | None:
    """The program, the secret or the key file, whichever there is first; None where none is.

    Raises BadInput when what is configured does not tell, or is no good.
    """
    return next(_at_hand(settings), None)


def key_file() -> Path:
    """Where a key lies that nobody gave: in the user's own folder of settings, not in the home."""
    named = os.environ.get("XDG_CONFIG_HOME")
    try:
        folder = Path(named) if named else Path.home() / ".config"
    except RuntimeError:
        raise BadInput(
            f"No key to seal evidence with, and no folder of this user's to keep one in: {MAKE} "
            f"and give it as the secret {KEY_OF}/{KEY_NAME}"
        ) from None
    return folder / "claimsweep" / KEY_NAME


def _at_hand(settings: Settings) -> Iterator[Wrapping]:
    told = evidence_settings(settings.evidence)
    if told.wrap:
        yield ProgramWrapping(told.wrap, told.unwrap)
    file = key_file()
    try:
        found = settings.secret_if_any(KEY_OF, KEY_NAME)
        if found is None and settings.keyring:
            found = settings.secret(KEY_OF, KEY_NAME)
    except BadInput as error:
        if not settings.keyring or not file.exists():
            raise BadInput(f"{error}; if there is no such secret yet, {MAKE}") from None
        found = None
    if found is not None:
        yield SecretWrapping(_good(found))
    if file.exists():
        yield SecretWrapping(read_key_file(file))
    with suppress(BadInput):
        yield SecretWrapping(_good(settings.secret(KEY_OF, BEFORE)))


def _good(secret: str) -> str:
    if len(secret) < LEAST_SECRET:
        raise BadInput(
            f"The secret {KEY_OF}/{KEY_NAME} has {len(secret)} characters instead of "
            f"{LEAST_SECRET} or more; {MAKE}"
        )
    return secret


def read_key_file(file: Path) -> str:
    """The key in the file. Raises BadInput when others can read it, or it is no key."""
    try:
        for path in (file, file.parent):
            status = path.stat()
            if status.st_mode & 0o077 or status.st_uid != os.getuid():
                raise BadInput(
                    f"{path}: others can read the key that seals evidence; make it yours alone "
                    f"(chmod {'600' if path is file else '700'}), and think of it as known"
                )
        return _good(file.read_text(encoding="utf-8").strip())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise BadInput(f"{file}: the key that seals evidence cannot be read ({reason})") from None


def _made(file: Path) -> str:
    """The key of the file, made if it is not there; two that make it at once get the same."""
    made = file.parent / f".{KEY_NAME}.{secrets.token_hex(8)}"
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as text:
                text.write(f"{secrets.token_hex(32)}\n")
                text.flush()
                os.fsync(text.fileno())
            with suppress(FileExistsError):
                os.link(made, file)
        finally:
            made.unlink(missing_ok=True)
        folder = os.open(file.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise BadInput(
            f"{file}: a key to seal evidence with cannot be kept there ({error.strerror}); {MAKE} "
            f"and give it as the secret {KEY_OF}/{KEY_NAME}"
        ) from None
    return read_key_file(file)


def _asked(command: Sequence[str], data: bytes, key_id: str) -> bytes:
    """What the program makes of ``data``; what it says besides may be secret, and is not kept."""
    program = command[0]
    try:
        done = subprocess.run(
            command,
            input=base64.b64encode(data) + b"\n",
            capture_output=True,
            env={**os.environ, "CLAIMSWEEP_KEY_ID": key_id},
            timeout=COMMAND_SECONDS,
            check=False,
        )
        answer = base64.b64decode(done.stdout.strip(), validate=True)
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"{program} did not answer in {COMMAND_SECONDS} s about key {key_id}; unlock its "
            "vault, then run again"
        ) from None
    except OSError as error:
        raise BadInput(
            f"{program} cannot be asked about key {key_id} ({error.strerror}); correct [evidence]"
        ) from None
    except binascii.Error:
        answer = b""
    if done.returncode or not answer:
        raise BadInput(
            f"{program} ended with code {done.returncode} and no line of base64 about key "
            f"{key_id}; run that command by hand to see why"
        )
    return answer
