"""People, and what each is to which account."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TEXT

revision = "0027"
down_revision = "0026"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "people",
        Column("id", words, primary_key=True, nullable=False),
        Column("email", words, nullable=False),
        Column("password_hash", words),
        Column("created_at", BigInteger, nullable=False),
        Column("disabled_at", BigInteger),
        UniqueConstraint("email", name="people_email"),
    )
    op.create_table(
        "roles",
        *(Column(name, words, nullable=False) for name in ("person_id", "account_id", "role")),
        PrimaryKeyConstraint("person_id", "account_id", name="roles_key"),
    )
    op.create_index("roles_by_account", "roles", ["account_id", "person_id"])
