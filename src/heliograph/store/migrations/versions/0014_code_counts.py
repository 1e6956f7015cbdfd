"""How many one-time codes an account has sent to each prefix in each minute, and how many of them were entered."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "code_counts",
        Column("account_id", words, nullable=False),
        Column("prefix", words, nullable=False),
        Column("minute", BigInteger, nullable=False),
        Column("sent", BigInteger, nullable=False),
        Column("entered", BigInteger, nullable=False),
        PrimaryKeyConstraint("account_id", "prefix", "minute", name="code_counts_key"),
    )
    op.create_index("code_counts_by_minute", "code_counts", ["minute"])
