"""What else providers say of inbound messages."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0035"
down_revision = "0034"
kind = "expand"


def upgrade() -> None:
    op.add_column("inbound", Column("provider_facts", Text().with_variant(TEXT(collation="C"), "postgresql")))
