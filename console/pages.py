"""The templates of the pages that people look at, and what all of them share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from billing.money import usd
from console.words import counted

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES = Path(__file__).parent / "web/static"
"""Where the style sheets are that the console serves and a page that stands alone holds."""


def page_environment() -> Environment:
    """The environment of a page's template: everything escaped, nothing undefined passed over."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"usd": usd, "claims": lambda number: counted(number, "claim")}
    environment.globals["counted"] = counted
    return environment
