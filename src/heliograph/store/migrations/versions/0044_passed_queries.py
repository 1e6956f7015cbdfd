"""Whether the query of a short address is handed on to the one that it leads to."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0044"
down_revision = "0043"
kind = "expand"


def upgrade() -> None:
    op.add_column("links", Column("passes_query", BigInteger, nullable=False, server_default="0"))
