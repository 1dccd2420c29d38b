"""Has every Python process that finds this begin at another time, which goes on from there."""

import os
from datetime import UTC, datetime, timedelta

import time_machine

_ahead = timedelta(seconds=float(os.environ["SOAK_SECONDS_AHEAD"]))
time_machine.travel(datetime.now(UTC) + _ahead, tick=True).start()
