"""This machine's own Prefect server, in one process: ``python -m flows.own_server 4200``."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from typing import Any


def _leave(table: Any, row: MutableMapping[str, Any], value: Any) -> None:
    """Insert a run without the state it is given beside: that is inserted after it."""


def main() -> None:
    """Serve on 127.0.0.1 alone."""
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.database import orm_models

    # Prefect 3.8.8 hands its scheduled runs to SQLAlchemy with the state of each among the
    # columns; SQLAlchemy 2.1 refuses what 2.0 passed over, and no schedule would ever come due
    for model in (orm_models.FlowRun, orm_models.TaskRun):
        of_state = vars(model)["state"].inplace
        if hasattr(of_state, "bulk_dml"):
            of_state.bulk_dml(_leave)
    app = create_app(final=True)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")


if __name__ == "__main__":
    main()
