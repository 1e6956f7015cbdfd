"""Which batches have a word in their text, for accounts that look for words."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0038"
down_revision = "0037"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "text_words",
        Column("word", BigInteger, nullable=False),
        Column("batch_id", words, nullable=False),
        PrimaryKeyConstraint("word", "batch_id", name="text_words_key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "text_indexes",
        Column("account_id", words, primary_key=True),
        Column("after", words, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in ("searched_at", "next_at")),
    )
    op.create_index("text_indexes_due", "text_indexes", ["next_at"])
