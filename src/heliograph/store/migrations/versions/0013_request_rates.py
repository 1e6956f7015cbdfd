"""How many of each account's requests in the current second processes that share a store have taken."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "request_rates",
        Column("account_id", words, primary_key=True, nullable=False),
        Column("second", BigInteger, nullable=False),
        Column("taken", BigInteger, nullable=False),
    )
