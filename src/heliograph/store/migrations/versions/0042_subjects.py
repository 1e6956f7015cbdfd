"""An index of events by what they are about."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"
kind = "expand"


def upgrade() -> None:
    op.create_index("events_by_subject", "events", ["subject_id", "id"])
