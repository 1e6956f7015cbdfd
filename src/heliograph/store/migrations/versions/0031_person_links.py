"""Issuers of OpenID Connect that people sign in with."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TEXT

revision = "0031"
down_revision = "0030"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.create_table(
        "person_links",
        *(Column(name, words, nullable=False) for name in ("issuer", "subject", "person_id")),
        Column("created_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("issuer", "subject", name="person_links_key"),
        UniqueConstraint("person_id", "issuer", name="person_links_person"),
    )
    op.create_table(
        "used_states",
        Column("state_hash", words, primary_key=True, nullable=False),
        Column("expires_at", BigInteger, nullable=False),
    )
    op.create_index("used_states_by_end", "used_states", ["expires_at"])
