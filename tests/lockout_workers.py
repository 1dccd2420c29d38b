"""What a worker does that signs in until it may no more; a module of its own starts quickly."""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import flows.login_book
from billing.errors import StopAccount
from billing.ledger import open_ledger
from flows.login_book import AccountBook

TO_LOCK = 3


def submit(port: int, account: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("POST", f"/{account}", headers={"Worker": str(os.getpid())})
    connection.getresponse().read()
    connection.close()


def sign_in(book: AccountBook, port: int) -> None:
    book.attempt()
    submit(port, book.account)
    book.result(accepted=False)


def sign_in_carelessly(book: AccountBook, port: int) -> None:
    """The control: looks first, but notes the attempt when it is over."""
    if book.stopped(datetime.now(UTC)) is None:
        submit(port, book.account)
    book.attempt()
    book.result(accepted=False)


SignIn = Callable[[AccountBook, int], None]


def work(home: Path, accounts: list[str], port: int, sign_in: SignIn) -> None:
    """Sign in to every account again and again, as if a night passed each time, until none may."""
    flows.login_book.ONE_NIGHT = timedelta(0)
    ledger = open_ledger(home)
    books = [AccountBook(ledger, account, TO_LOCK) for account in accounts]
    while books:
        for book in list(books):
            try:
                sign_in(book, port)
            except StopAccount:
                books.remove(book)
