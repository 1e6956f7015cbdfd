"""Other names of messages, by which receipts may speak of them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0021"
down_revision = "0018"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.add_column("early_receipts", Column("receipt_id", words))
    op.add_column("early_receipts", Column("msisdns", words))
    of_several = text("receipt_id IS NOT NULL")
    op.create_index(
        "early_receipts_by_receipt",
        "early_receipts",
        ["receipt_id"],
        sqlite_where=of_several,
        postgresql_where=of_several,
    )
    op.create_table(
        "ref_keys",
        Column("ref_key", words, nullable=False),
        Column("provider", words, nullable=False),
        Column("provider_ref", words, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("ref_key", "provider", "provider_ref", name="ref_keys_key"),
    )
    op.create_index("ref_keys_by_age", "ref_keys", ["created_at"])
