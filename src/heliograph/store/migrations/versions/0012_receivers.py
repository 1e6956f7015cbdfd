"""The receiver of each event: every receiver has events of its own that are due."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.add_column("events", Column("receiver", words))
    op.execute("UPDATE events SET receiver = account_id WHERE state = 'waiting'")
    op.drop_index("events_due", "events")
    waiting = text("state = 'waiting'")
    op.create_index(
        "events_due", "events", ["receiver", "due_at", "id"], sqlite_where=waiting, postgresql_where=waiting
    )
