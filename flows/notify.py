"""Alerts told to people through Apprise: by e-mail, chat or webhook, made of the alerts alone."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.alerts import Severity, Signal
from billing.errors import BadInput
from billing.ledger import KeptAlert, Ledger
from flows import journal
from flows.alert_settings import alert_settings
from flows.settings import Settings

SECONDS = 30
"""How long one destination is waited for, whatever it does."""

NOTIFY_FAILED = "notify_failed"
TEST_TITLE = "claimsweep: a test"
TEST_BODY = "This is a test of claimsweep's notifications. Nothing is wrong."


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one destination: how many alerts it was told of, and whether it took them."""

    to: str
    alerts: int
    delivered: bool


def tell(settings: Settings, ledger: Ledger, now: datetime) -> list[Told]:
    """Tell every destination of what it is to be told of at ``now`` (aware); what came of it.

    What is open is told once, again after some hours, when it became worse, and when it has ended.
    In the quiet hours only what is urgent is told, the rest after them. A destination that fails
    is an alert itself and tried again the next time. Raises BadInput for wrong settings.
    """
    done = []
    for name, due in to_be_told(settings, ledger, now).items():
        sent = _sent(settings, ledger, name, title(due), body(due), now)
        if sent:
            ledger.note_alerts_told(name, due, now)
        done.append(Told(name, len(due), sent))
    return done


def to_be_told(settings: Settings, ledger: Ledger, now: datetime) -> dict[str, list[KeptAlert]]:
    """What each destination is to be told of at ``now`` (aware), where there is anything."""
    wanted = alert_settings(settings)
    kept = (*ledger.open_alerts(), *ledger.untold_ends())
    if wanted.is_quiet(now.astimezone(settings.time_zone)):
        urgent = Severity.URGENT
        kept = tuple(one for one in kept if one.alert.severity is urgent and not one.ended_at)
    found = {
        name: [
            one
            for one in kept
            if one.alert.severity.rank >= wanted.least[name].rank
            and one.to_tell(name, now, wanted.again)
        ]
        for name in wanted.to
    }
    return {name: due for name, due in found.items() if due}


def tell_test(settings: Settings, ledger: Ledger, now: datetime) -> list[Told]:
    """Send every destination a message that says it is a test. Raises BadInput without any."""
    wanted = alert_settings(settings)
    if not wanted.to:
        raise BadInput(
            "Nobody is told of alerts: name destinations in the settings file, [notify] to = "
            '["office-mail"], and keep the address of each as the secret '
            "claimsweep/notify-office-mail"
        )
    return [
        Told(name, 0, _sent(settings, ledger, name, TEST_TITLE, TEST_BODY, now))
        for name in wanted.to
    ]


def title(alerts: Sequence[KeptAlert]) -> str:
    """How a message is headed: how many alerts, the worst first."""
    open_ones = [one for one in alerts if one.ended_at is None]
    if not open_ones:
        return f"claimsweep: {len(alerts)} ended"
    worst = max((one.alert.severity for one in open_ones), key=lambda one: one.rank)
    return f"claimsweep: {worst}, {len(open_ones)} open"


def body(alerts: Iterable[KeptAlert]) -> str:
    """What a message says: a paragraph for each alert, made of its kind, sentence and times."""
    return "\n\n".join(_paragraph(one) for one in alerts)


def _paragraph(one: KeptAlert) -> str:
    alert, since = one.alert, f"{one.since:%Y-%m-%d %H:%M} UTC"
    if one.ended_at is not None:
        return f"ENDED {alert.kind}: {alert.sentence}\nIt held from {since} to " + (
            f"{one.ended_at:%Y-%m-%d %H:%M} UTC."
        )
    return (
        f"{alert.severity.upper()} {alert.kind}: {alert.sentence}\n"
        f"Since {since}. What to do: {alert.mend}. See {alert.runbook}."
    )


def _sent(
    settings: Settings, ledger: Ledger, name: str, head: str, text: str, now: datetime
) -> bool:
    """Whether the destination took the message; if not, that is remembered as a signal."""
    try:
        address = settings.secret("claimsweep", f"notify-{name}")
    except BadInput:
        delivered, why = False, "its address is not among the secrets"
    else:
        delivered = _within(SECONDS, lambda: _deliver(address, head, text))
        why = "it did not take the message"
    if delivered:
        journal.log("notified", name=name)
        ledger.unsignal(NOTIFY_FAILED, name)
    else:
        journal.log("notify_failed", name=name)
        said = f"A notification to {name} was not delivered: {why}."
        ledger.signal(Signal(NOTIFY_FAILED, name, said), now)
    return delivered


def _deliver(address: str, head: str, text: str) -> bool:
    from apprise import Apprise, NotifyFormat

    logger = logging.getLogger("apprise")
    logger.addHandler(logging.NullHandler())
    logger.propagate = journal.is_on()  # at a terminal its words would show the address
    to = Apprise()
    return to.add(address) and bool(to.notify(title=head, body=text, body_format=NotifyFormat.TEXT))


def _within(seconds: int, deliver: Callable[[], bool]) -> bool:
    """What ``deliver`` says, False when it fails or takes longer; it is left behind then."""
    said: queue.Queue[bool] = queue.Queue()

    def work() -> None:
        try:
            said.put(deliver())
        except Exception:  # whatever a destination's library raises holds its address
            said.put(False)

    threading.Thread(target=work, name="notify", daemon=True).start()
    try:
        return said.get(timeout=seconds)
    except queue.Empty:
        return False
