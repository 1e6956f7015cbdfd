"""Columns of a message with one meaning each: where it waits, whether it is set aside, why, and who passed it on."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0022"
down_revision = "0021"
kind = "contract"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_index("messages_due", "messages")
    op.drop_index("messages_held", "messages")
    op.add_column("messages", Column("why_queued", WORDS))
    op.add_column("messages", Column("set_aside", BigInteger))
    op.execute("ALTER TABLE messages RENAME COLUMN line TO waits_at")
    op.execute("ALTER TABLE messages RENAME COLUMN tried TO passed_on_by")
    # What has ended keeps its row: nobody looks at these columns of it.
    op.execute(
        "UPDATE messages SET why_queued = reason, reason = NULL "
        "WHERE status IN ('queued', 'sending') AND reason IS NOT NULL"
    )
    op.execute(
        "UPDATE messages SET set_aside = 1, waits_at = NULL WHERE status = 'queued' AND waits_at LIKE 'paused:%'"
    )
    _partial("messages_due", ["priority", "due_at", "id"], "waits_at IS NULL AND set_aside IS NULL")
    _partial("messages_at_lines", ["waits_at", "priority", "due_at", "id"], "waits_at IS NOT NULL")
    _partial("messages_set_aside", ["batch_id", "id"], "set_aside IS NOT NULL")


def _partial(name: str, columns: list[str], condition: str) -> None:
    queued = text(f"status = 'queued' AND {condition}")
    op.create_index(name, "messages", columns, sqlite_where=queued, postgresql_where=queued)
