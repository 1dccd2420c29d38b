"""The views of the queue that a person gave a name to; each is that person's alone."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from billing.errors import BadInput
from billing.ledger.database import Database
from billing.ledger.people_tables import saved_views

MOST_VIEWS = 40
LONGEST_NAME = 60


class SavedViews(Database):
    """Keeping named views; ``query`` is what the console spells one as, and is not read here."""

    def saved_views(self, user_id: str) -> Mapping[str, str]:
        """A person's views by name, each with its query."""
        query = select(saved_views).where(saved_views.c.user_id == user_id)
        with self._reading() as connection:
            rows = connection.execute(query.order_by(saved_views.c.name))
            return {row.name: row.query for row in rows}

    def save_view(self, user_id: str, name: str, query: str) -> str:
        """Keep a view under a name, in place of one of the same name; the name as it is kept."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise BadInput(f"Give the view a name of 1 to {LONGEST_NAME} letters")
        row = {"user_id": user_id, "name": name, "query": query}
        insert = self._insert(saved_views).on_conflict_do_update(
            index_elements=["user_id", "name"], set_={"query": query}
        )
        with self._writing() as connection:
            mine = select(saved_views.c.name).where(saved_views.c.user_id == user_id)
            names = connection.execute(mine).scalars().all()
            if name not in names and len(names) >= MOST_VIEWS:
                raise BadInput(f"{MOST_VIEWS} views are kept; remove one of them first")
            connection.execute(insert, row)
        return name

    def forget_view(self, user_id: str, name: str) -> None:
        """Remove a view. Raises BadInput when the person has none of this name."""
        mine = (saved_views.c.user_id == user_id, saved_views.c.name == name)
        with self._writing() as connection:
            if not connection.execute(saved_views.delete().where(*mine)).rowcount:
                raise BadInput("There is no such view of yours")
