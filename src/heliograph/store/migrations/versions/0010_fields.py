"""Values of contacts' fields, stored with a batch; one-time codes that are sent several times."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0010"
down_revision = "0009"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("batches", Column("fields", WORDS))
    known = text("details IS NOT NULL")
    op.create_index("group_members_known", "group_members", ["msisdn"], sqlite_where=known, postgresql_where=known)
    op.add_column("verifications", Column("earlier_batches", WORDS, nullable=False, server_default="[]"))
