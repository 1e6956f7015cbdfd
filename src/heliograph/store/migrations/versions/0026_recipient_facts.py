"""What a door keeps with the recipients of a batch, until each has its message: a worker may die in between."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0026"
down_revision = "0025"
kind = "contract"


def upgrade() -> None:
    op.add_column("batches", Column("recipient_facts", Text().with_variant(TEXT(collation="C"), "postgresql")))
