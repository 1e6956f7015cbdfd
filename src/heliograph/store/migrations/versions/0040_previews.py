"""Whether a hit is a person's or a program's that looks what is there."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column

revision = "0040"
down_revision = "0039"
kind = "expand"


def upgrade() -> None:
    op.add_column("hits", Column("preview", BigInteger, nullable=False, server_default="0"))
