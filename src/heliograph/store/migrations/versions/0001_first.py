"""The first schema: accounts, batches, messages, receipts, events, opt-outs, inbound, the sandbox's phones."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0001"
down_revision = None


WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def words(*names: str) -> list[Column[str]]:
    return [Column(name.rstrip("?"), WORDS, nullable=name.endswith("?")) for name in names]


def numbers(*names: str) -> list[Column[int]]:
    return [Column(name.rstrip("?"), BigInteger, nullable=name.endswith("?")) for name in names]


def counters(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in names]


def key() -> Column[str]:
    return Column("id", WORDS, primary_key=True, nullable=False)


def partial_index(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def upgrade() -> None:
    op.create_table(
        "accounts",
        key(),
        *words("name"),
        *numbers("created_at"),
        *words("callback_url?", "callback_protocol", "callback_secret", "default_originator?", "default_region?"),
        UniqueConstraint("name", name="accounts_name"),
    )
    op.create_table(
        "credentials",
        key(),
        *words("account_id", "kind", "public_id", "secret_hash", "scopes"),
        *numbers("created_at", "revoked_at?"),
        UniqueConstraint("kind", "public_id", name="credentials_public_id"),
    )
    op.create_table(
        "batches",
        key(),
        *words("account_id", "protocol", "kind", "originator?", "body", "udh", "parameters?", "recipients"),
        *numbers("recipient_count", "send_at", "expire_at"),
        *words("callback_url?", "report", "tags", "title?", "client_reference?", "idempotency_key?", "fingerprint?"),
        *numbers("flash", "max_parts?", "created_at", "modified_at", "canceled_at?", "open_count?"),
    )
    op.create_index("batches_by_account", "batches", ["account_id", "id"])
    partial_index(
        "batches_idempotency", "batches", ["account_id", "idempotency_key"], "idempotency_key IS NOT NULL", unique=True
    )
    op.create_table(
        "messages",
        key(),
        *words("account_id", "batch_id", "msisdn", "status", "reason?", "detail?", "provider_code?"),
        *counters("notify"),
        *numbers("due_at", "expire_at"),
        *counters("attempts"),
        *words("worker?"),
        *numbers("lease_until?"),
        *words("encoding?"),
        *numbers("parts?"),
        *words("provider?", "provider_ref?"),
        *numbers("created_at", "sent_at?", "settled_at?"),
    )
    op.create_index("messages_by_account", "messages", ["account_id", "id"])
    partial_index("messages_due", "messages", ["due_at", "id"], "status = 'queued'")
    partial_index("messages_leased", "messages", ["lease_until"], "status = 'sending'")
    partial_index("messages_by_provider_ref", "messages", ["provider_ref"], "provider_ref IS NOT NULL")
    op.create_table(
        "early_receipts",
        key(),
        *words("provider", "provider_ref", "status", "reason?", "provider_code?", "detail?"),
        *numbers("at_ms", "received_at"),
    )
    op.create_index("early_receipts_by_ref", "early_receipts", ["provider_ref"])
    op.create_index("early_receipts_by_age", "early_receipts", ["received_at"])
    op.create_table(
        "events",
        key(),
        *words("account_id", "protocol", "url", "kind", "subject_id", "facts?", "state"),
        *numbers("due_at"),
        *counters("attempts"),
        *numbers("lease_until?"),
        *words("last_error?"),
        *numbers("created_at", "done_at?"),
    )
    partial_index("events_due", "events", ["due_at", "id"], "state = 'waiting'")
    op.create_index("events_by_account", "events", ["account_id", "id"])
    op.create_table(
        "optouts",
        *words("msisdn", "account_id", "source"),
        *numbers("created_at"),
        PrimaryKeyConstraint("msisdn", "account_id", name="optouts_key"),
    )
    op.create_index("optouts_by_account", "optouts", ["account_id", "msisdn"])
    op.create_table(
        "inbound",
        key(),
        *words("account_id", "kind", "msisdn", "recipient", "body", "udh", "provider", "provider_ref?", "keyword?"),
        *numbers("received_at", "sent_at?"),
        *words("operator?"),
    )
    op.create_index("inbound_by_account", "inbound", ["account_id", "id"])
    partial_index(
        "inbound_by_provider_ref", "inbound", ["provider", "provider_ref"], "provider_ref IS NOT NULL", unique=True
    )
    op.create_table(
        "phone_messages",
        key(),
        *words("msisdn", "peer", "direction", "body", "udh", "encoding"),
        *numbers("parts"),
        *words("message_id?", "account_id", "provider_ref?", "outcome"),
        *numbers("at"),
    )
    op.create_index("phone_messages_by_phone", "phone_messages", ["msisdn", "id"])
    op.create_index("phone_messages_by_account", "phone_messages", ["account_id", "id"])
    op.create_table("settings", Column("name", WORDS, primary_key=True), *words("value"))
