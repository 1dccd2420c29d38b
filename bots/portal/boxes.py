"""The browser's own message boxes: dismissed, so that nothing is agreed to, and remembered."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext, Dialog, Error


@dataclass
class MessageBoxes:
    """What a page asked by ``alert``, ``confirm`` or ``prompt``; ``shown`` are these words.

    Their text is not kept: it may name a patient. "Leave this page?" is answered with yes, or a
    page could not be left.
    """

    shown: list[str] = field(default_factory=list)

    def watch(self, context: BrowserContext) -> None:
        """Dismiss the boxes of every page of ``context`` from now on."""
        context.on("dialog", self._dismiss)

    async def _dismiss(self, dialog: Dialog) -> None:
        with suppress(Error):  # the page may have gone
            if dialog.type == "beforeunload":
                await dialog.accept()
                return
            self.shown.append(dialog.type)
            await dialog.dismiss()
