"""The sink of an event, a URL or clients that stay connected, and the protocol whose clients listen with a key."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0016"
down_revision = "0014"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.execute("ALTER TABLE events RENAME COLUMN url TO sink")
    op.add_column("batches", Column("sink", words))
    op.add_column("credentials", Column("listens", words))
    listens = text("listens IS NOT NULL")
    op.create_index(
        "credentials_that_listen", "credentials", ["account_id"], sqlite_where=listens, postgresql_where=listens
    )
