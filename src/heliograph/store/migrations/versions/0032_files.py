"""Files in the store's own tables."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0032"
down_revision = "0031"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "files",
        Column("key", words, primary_key=True, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("is_whole", BigInteger, nullable=False, server_default="0"),
    )
    unfinished = text("is_whole = 0")
    op.create_index("files_unfinished", "files", ["created_at"], sqlite_where=unfinished, postgresql_where=unfinished)
    op.create_table(
        "file_pieces",
        Column("key", words, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("content", words, nullable=False),
        PrimaryKeyConstraint("key", "position", name="file_pieces_key"),
    )
