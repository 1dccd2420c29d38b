"""Ends with 0 while the console of this container answers, whatever it answers under this name."""

from __future__ import annotations

import http.client
import ssl
import sys
from pathlib import Path

PORT = 8400
SECONDS = 8
SERVER_ERROR = 500


def main() -> int:
    """Ask once, by TLS to this very container; its certificate is for another name.

    A container that serves no console is as well as its first process, which runs.
    """
    if b"console" not in Path("/proc/1/cmdline").read_bytes().split(b"\0"):
        return 0
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection("127.0.0.1", PORT, timeout=SECONDS, context=context)
    try:
        connection.request("GET", "/sign-in")
        return int(connection.getresponse().status >= SERVER_ERROR)
    except OSError:
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
