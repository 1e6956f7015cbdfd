"""An index of batches that wait for what becomes of a share of them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import text

revision = "0043"
down_revision = "0042"
kind = "expand"


def upgrade() -> None:
    held = text("pause_reason = 'share'")
    op.create_index("batches_held_for_share", "batches", ["id"], sqlite_where=held, postgresql_where=held)
