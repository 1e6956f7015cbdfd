"""Changes that are too large for one transaction, while they are carried out."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0023"
down_revision = "0022"
kind = "contract"  # an older process would change what is under way


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "works",
        Column("id", words, primary_key=True),
        Column("account_id", words, nullable=False),
        Column("kind", words, nullable=False),
        Column("worker", words, nullable=False),
        Column("lease_until", BigInteger, nullable=False),
        Column("amount", BigInteger, nullable=False),
    )
    op.create_index("works_by_lease", "works", ["lease_until"])
