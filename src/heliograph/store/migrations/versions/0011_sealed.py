"""Secrets that this server has to know itself, sealed."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("credentials", Column("sealed", Text().with_variant(TEXT(collation="C"), "postgresql")))
