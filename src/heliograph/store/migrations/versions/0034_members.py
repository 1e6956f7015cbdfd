"""Who comes into a group and who goes, while that is carried out in slices."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0034"
down_revision = "0033"
kind = "expand"


def upgrade() -> None:
    op.add_column("works", Column("members", Text().with_variant(TEXT(collation="C"), "postgresql")))
