"""Accounts with terms of their own and accounts below them; keys that are good from some addresses only."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0007"
down_revision = "0006"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("credentials", Column("networks", WORDS))
    op.add_column("accounts", Column("terms", WORDS))
    op.add_column("accounts", Column("parent_id", WORDS))
    op.add_column("accounts", Column("receipt_url", WORDS))
    op.create_index("accounts_by_parent", "accounts", ["parent_id"])
