"""Other names of messages, by which receipts may speak of them; and inbound messages that come in parts."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0021"
down_revision = "0018"
kind = "expand"


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
    op.add_column("inbound", Column("missing_parts", BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "long_inbound",
        Column("id", words, primary_key=True),
        Column("provider", words, nullable=False),
        Column("msisdn", words, nullable=False),
        Column("recipient", words, nullable=False),
        Column("reference", words, nullable=False),
        Column("total", BigInteger, nullable=False),
        Column("facts", words, nullable=False),
        Column("due_at", BigInteger, nullable=False),
        Column("joined_at", BigInteger),
        UniqueConstraint("provider", "msisdn", "recipient", "reference", "total", name="long_inbound_reference"),
    )
    awaited = text("joined_at IS NULL")
    op.create_index("long_inbound_due", "long_inbound", ["due_at"], sqlite_where=awaited, postgresql_where=awaited)
    op.create_index("long_inbound_by_age", "long_inbound", ["joined_at"])
    op.create_table(
        "inbound_parts",
        Column("long_id", words, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("encoding", words, nullable=False),
        Column("payload", words, nullable=False),
        PrimaryKeyConstraint("long_id", "sequence", name="inbound_parts_key"),
    )
