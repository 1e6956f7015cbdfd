"""Keys that rotate, with their last use; accounts that are closed; what is agreed about credit and caps."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0018"
down_revision = "0016"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("accounts", Column("closed_at", BigInteger))
    op.add_column("accounts", Column("former_callback_secret", WORDS))
    op.add_column("accounts", Column("former_callback_until", BigInteger))
    op.add_column("accounts", Column("optout_secret", WORDS))
    op.add_column("credentials", Column("login_id", WORDS))
    op.add_column("credentials", Column("last_used_at", BigInteger))
    op.add_column("credentials", Column("last_used_from", WORDS))
    op.create_index("credentials_by_account", "credentials", ["account_id", "id"])
    of_login = text("login_id IS NOT NULL")
    op.create_index(
        "credentials_by_login", "credentials", ["login_id"], sqlite_where=of_login, postgresql_where=of_login
    )
    _former_secrets()
    op.add_column("balances", Column("credit", BigInteger, nullable=False, server_default="0"))
    op.add_column("ledger", Column("note", WORDS))
    counted = ("day", "day_messages", "day_amount", "month", "month_messages", "month_amount")
    op.create_table(
        "usage",
        Column("account_id", WORDS, primary_key=True, nullable=False),
        *(Column(name, BigInteger, nullable=False) for name in counted),
    )


def _former_secrets() -> None:
    op.create_table(
        "former_secrets",
        Column("id", WORDS, primary_key=True, nullable=False),
        *(Column(name, WORDS, nullable=False) for name in ("account_id", "credential_id")),
        *(Column(name, WORDS, nullable=False) for name in ("kind", "public_id", "secret_hash")),
        Column("sealed", WORDS),
        Column("good_until", BigInteger, nullable=False),
    )
    op.create_index("former_secrets_by_name", "former_secrets", ["kind", "public_id"])
    op.create_index("former_secrets_by_credential", "former_secrets", ["credential_id"])
