"""Where an event goes: a URL, or the sessions of a protocol that keeps connections."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE events RENAME COLUMN url TO sink")
