"""How a value is kept in a column, so that every database orders and counts it alike."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

BYTEWISE = "C"
"""PostgreSQL's name of the order that SQLite has: by bytes, whatever language the server speaks."""

Integer = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Eight bytes, also on SQLite, where it is only under this name that keys count by themselves."""


class String(sa.TypeDecorator[str]):
    """Text in the order of its bytes."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[str]:
        """The same text; to PostgreSQL its order must be told."""
        plain = self.impl_instance
        if dialect.name != "postgresql" or not isinstance(plain, sa.String):
            return plain
        return type(plain)(plain.length, BYTEWISE)


class Text(String):
    """Long text, in the order of its bytes."""

    impl = sa.Text
    cache_ok = True


class Instant(sa.TypeDecorator[datetime]):
    """An aware UTC instant; a naive one is refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """To UTC, without the zone where the database keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """With the zone again."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Exact(sa.TypeDecorator[Decimal]):
    """A Decimal kept as its own digits."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: sa.Dialect) -> str | None:
        """To text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: sa.Dialect) -> Decimal | None:
        """From text."""
        return None if value is None else Decimal(value)
