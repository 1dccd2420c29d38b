"""What the Medicaid portal may ask between the password and its menu."""

from __future__ import annotations

from dataclasses import dataclass

SECURITY_ANSWER = "Larkspur Elementary"
CHALLENGE_NEEDED = "Type the characters that you see in the picture."
ANSWER_REFUSED = "The answer does not match the one on file."
MAINTENANCE = (
    "<!doctype html><title>Maintenance</title><h1>Scheduled maintenance</h1>"
    "<p>The portal is being maintained and will be back at 6:00 AM.</p>"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A page: ``blanks`` are name, label and type, ``buttons`` name and label."""

    heading: str
    said: str
    blanks: tuple[tuple[str, str, str], ...] = ()
    buttons: tuple[tuple[str, str], ...] = ()


_NEW_PASSWORD = (
    ("txtNewPassword", "New password", "password"),
    ("txtConfirmPassword", "Confirm new password", "password"),
)
EXPIRED = Checkpoint(
    "Your password has expired",
    "Choose a new password before you go on.",
    _NEW_PASSWORD,
    (("btnChangePassword", "Change password"),),
)
EXPIRING = Checkpoint(
    "Your password expires in 5 days",
    "You can choose a new password now or later.",
    _NEW_PASSWORD,
    (("btnChangePassword", "Change password"), ("btnRemindLater", "Remind me later")),
)
QUESTION = Checkpoint(
    "Security Question",
    "We do not recognize this computer. Answer the question that you chose when you registered.",
    (("txtAnswer", "What was the name of your first school?", "text"),),
    (("btnAnswer", "Continue"),),
)
