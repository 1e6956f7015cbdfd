"""What was answered to requests that named an idempotency key."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0039"
down_revision = "0038"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "idempotency_keys",
        *(Column(name, words, nullable=False) for name in ("account_id", "idempotency_key", "fingerprint")),
        *(Column(name, BigInteger, nullable=False) for name in ("begun_at", "lease_until")),
        Column("answer", words, nullable=True),
        PrimaryKeyConstraint("account_id", "idempotency_key", name="idempotency_keys_key"),
    )
    op.create_index("idempotency_keys_by_age", "idempotency_keys", ["begun_at"])
