"""How far each walk of the retention has come, and what it has passed over for now."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0030"
down_revision = "0029"
kind = "expand"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "retention_walks",
        Column("id", WORDS, primary_key=True, nullable=False),
        *(Column(name, WORDS, nullable=False) for name in ("accounts", "after")),
        *(Column(name, WORDS) for name in ("checked", "within")),
        *(Column(name, BigInteger, nullable=False) for name in ("steps", "next_at", "run_rows", "all_rows")),
        *(Column(name, BigInteger) for name in ("began_at", "done_at")),
    )
    op.create_table(
        "retention_held",
        Column("walk", WORDS, nullable=False),
        Column("id", WORDS, nullable=False),
        PrimaryKeyConstraint("walk", "id", name="retention_held_key"),
    )
    op.create_index("link_tokens_by_batch", "link_tokens", ["batch_id", "msisdn"])
