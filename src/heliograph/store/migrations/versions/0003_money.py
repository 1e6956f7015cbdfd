"""Prices of messages, balances, and the ledger of what changed them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0003"
down_revision = "0002"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("messages", Column("price", BigInteger, nullable=False, server_default="0"))
    op.add_column("messages", Column("country", WORDS, nullable=True))
    op.create_table(
        "balances",
        Column("account_id", WORDS, primary_key=True, nullable=False),
        Column("amount", BigInteger, nullable=False),
    )
    op.create_table(
        "ledger",
        Column("id", WORDS, primary_key=True, nullable=False),
        Column("account_id", WORDS, nullable=False),
        Column("kind", WORDS, nullable=False),
        Column("amount", BigInteger, nullable=False),
        Column("batch_id", WORDS, nullable=True),
        Column("created_at", BigInteger, nullable=False),
    )
    op.create_index("ledger_by_account", "ledger", ["account_id", "id"])
