"""Who answers a conversation, whether it is closed, and what is noted about it."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0041"
down_revision = "0040"
kind = "expand"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")
INDEXES = (
    ("conversations_unread", ["account_id", "last_at"], "unread > 0"),
    ("conversations_assigned", ["account_id", "assignee_id", "last_at"], "assignee_id IS NOT NULL"),
    ("conversations_open", ["account_id", "last_at"], "closed_at IS NULL"),
)


def upgrade() -> None:
    op.add_column("conversations", Column("assignee_id", WORDS, nullable=True))
    op.add_column("conversations", Column("closed_at", BigInteger, nullable=True))
    for name, columns, where in INDEXES:
        op.create_index(name, "conversations", columns, sqlite_where=text(where), postgresql_where=text(where))
    op.create_table(
        "conversation_notes",
        Column("id", WORDS, primary_key=True, nullable=False),
        *(Column(name, WORDS, nullable=False) for name in ("account_id", "msisdn", "author", "body")),
        Column("at", BigInteger, nullable=False),
    )
    op.create_index("conversation_notes_by_number", "conversation_notes", ["account_id", "msisdn", "id"])
