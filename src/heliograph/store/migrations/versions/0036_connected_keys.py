"""How often keys are connected, by process."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0036"
down_revision = "0035"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "connected_keys",
        *(Column(name, words, nullable=False) for name in ("credential_id", "holder")),
        *(Column(name, BigInteger, nullable=False) for name in ("connections", "seen_at")),
        PrimaryKeyConstraint("credential_id", "holder", name="connected_keys_key"),
    )
