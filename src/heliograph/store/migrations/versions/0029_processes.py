"""The processes that share a store, and what only one of them may do."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0029"
down_revision = "0028"
kind = "expand"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "processes",
        Column("id", WORDS, primary_key=True, nullable=False),
        Column("host", WORDS, nullable=False),
        Column("pid", BigInteger, nullable=False),
        *(Column(name, WORDS, nullable=False) for name in ("role", "version")),
        *(Column(name, BigInteger, nullable=False) for name in ("started_at", "seen_at")),
        Column("agreed", WORDS, nullable=False),
    )
    op.create_table(
        "leases",
        Column("name", WORDS, primary_key=True, nullable=False),
        Column("holder", WORDS, nullable=False),
        Column("good_until", BigInteger, nullable=False),
    )
