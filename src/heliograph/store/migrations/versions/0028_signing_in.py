"""Sessions of people who signed in, their codes, and invitations."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import TEXT

revision = "0028"
down_revision = "0027"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")
    op.add_column("people", Column("totp", words))
    op.add_column("people", Column("totp_pending", words))
    op.add_column("people", Column("totp_step", BigInteger))
    op.create_table(
        "recovery_codes",
        *(Column(name, words, nullable=False) for name in ("person_id", "code_hash")),
        PrimaryKeyConstraint("person_id", "code_hash", name="recovery_codes_key"),
    )
    op.create_table(
        "sessions",
        Column("id", words, primary_key=True, nullable=False),
        *(Column(name, words, nullable=False) for name in ("person_id", "secret_hash")),
        *(Column(name, BigInteger, nullable=False) for name in ("created_at", "seen_at", "idle_until", "last_until")),
        Column("address", words),
        Column("agent", words, nullable=False),
        UniqueConstraint("secret_hash", name="sessions_secret"),
    )
    op.create_index("sessions_by_person", "sessions", ["person_id", "id"])
    op.create_table(
        "invitations",
        Column("id", words, primary_key=True, nullable=False),
        *(Column(name, words, nullable=False) for name in ("email", "account_id", "role", "secret_hash")),
        *(Column(name, BigInteger, nullable=False) for name in ("created_at", "expires_at")),
        Column("accepted_at", BigInteger),
        UniqueConstraint("secret_hash", name="invitations_secret"),
    )
