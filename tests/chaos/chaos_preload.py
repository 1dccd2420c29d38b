"""What a process of the harness has loaded before it is killed for the first time."""

from __future__ import annotations

import flows.command
import flows.outputs
import flows.run

__all__ = ["flows"]
