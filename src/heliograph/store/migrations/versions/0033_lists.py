"""Indexes of messages that ended other than delivered, and of inbound messages by the number that they came to."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0033"
down_revision = "0032"
kind = "expand"


def upgrade() -> None:
    of_these = text("(status NOT IN ('queued', 'sending', 'sent', 'delivered'))")
    op.create_index(
        "messages_undelivered",
        "messages",
        ["account_id", "status", "id"],
        sqlite_where=of_these,
        postgresql_where=of_these,
    )
    op.create_index("inbound_by_recipient", "inbound", ["account_id", "recipient", "id"])
