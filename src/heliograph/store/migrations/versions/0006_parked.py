"""Requests that are kept until they can be paid for."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0006"
down_revision = "0005"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "parked",
        Column("id", WORDS, primary_key=True, nullable=False),
        Column("account_id", WORDS, nullable=False),
        Column("protocol", WORDS, nullable=False),
        Column("draft", WORDS, nullable=False),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_index("parked_by_account", "parked", ["account_id", "id"])
