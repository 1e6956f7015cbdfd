"""Priorities, lines that messages wait at, attempts, batches that pause, and each account's own words of consent."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0008"
down_revision = "0007"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    for name in ("pause", "pause_reason"):
        op.add_column("batches", Column(name, WORDS))
    for name in ("settled_count", "failed_count"):
        op.add_column("batches", Column(name, BigInteger))
    _partial("batches_pausing", "batches", ["id"], "pause IN ('pausing', 'resuming')")
    op.add_column("accounts", Column("consent_words", WORDS))
    op.add_column("messages", Column("priority", BigInteger, nullable=False, server_default="1"))
    op.add_column("messages", Column("line", WORDS))
    op.add_column("messages", Column("tried", WORDS))
    op.drop_index("messages_due", "messages")
    _partial("messages_due", "messages", ["priority", "due_at", "id"], "status = 'queued' AND line IS NULL")
    _partial(
        "messages_held", "messages", ["line", "priority", "due_at", "id"], "status = 'queued' AND line IS NOT NULL"
    )
    op.create_table(
        "attempts",
        Column("id", WORDS, primary_key=True, nullable=False),
        Column("message_id", WORDS, nullable=False),
        Column("provider", WORDS, nullable=False),
        Column("provider_ref", WORDS),
        Column("outcome", WORDS, nullable=False),
        Column("reason", WORDS),
        Column("provider_code", WORDS),
        Column("detail", WORDS),
        Column("at", BigInteger, nullable=False),
    )
    op.create_index("attempts_by_message", "attempts", ["message_id", "id"])
    _partial("attempts_by_provider_ref", "attempts", ["provider_ref"], "provider_ref IS NOT NULL")
    op.create_table(
        "paces",
        Column("line", WORDS, primary_key=True, nullable=False),
        Column("provider", WORDS, nullable=False),
        Column("free_at_us", BigInteger, nullable=False),
    )
    op.create_index("paces_by_provider", "paces", ["provider", "line"])


def _partial(name: str, table: str, columns: list[str], rows: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(rows), postgresql_where=text(rows))
