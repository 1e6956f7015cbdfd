"""Channels and what goes with them: one-time codes, lookups, rented numbers, links, and conversations."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0005"
down_revision = "0004"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def words(*names: str) -> list[Column[str]]:
    return [Column(name.rstrip("?"), WORDS, nullable=name.endswith("?")) for name in names]


def numbers(*names: str) -> list[Column[int]]:
    return [Column(name.rstrip("?"), BigInteger, nullable=name.endswith("?")) for name in names]


def key() -> Column[str]:
    return Column("id", WORDS, primary_key=True, nullable=False)


def zero(name: str, value: int = 0) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=str(value))


def filled(name: str, value: str) -> Column[str]:
    return Column(name, WORDS, nullable=False, server_default=value)


def partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=text(condition), postgresql_where=text(condition))


def upgrade() -> None:
    _columns()
    _codes()
    _numbers()
    _links()
    op.create_table(
        "conversations",
        key(),
        *words("account_id", "msisdn"),
        *numbers("unread"),
        *words("last_text"),
        *numbers("last_at"),
        filled("heard", "{}"),
        UniqueConstraint("account_id", "msisdn", name="conversations_msisdn"),
    )
    op.create_index("conversations_by_account", "conversations", ["account_id", "last_at"])


def _columns() -> None:
    op.add_column("messages", filled("channel", "sms"))
    op.add_column("messages", zero("leg"))
    op.add_column("messages", *words("plan?"))
    op.add_column("messages", *numbers("fall_back_at?"))
    partial("messages_falling_back", "messages", ["fall_back_at"], "fall_back_at IS NOT NULL")
    op.create_index("messages_by_msisdn", "messages", ["msisdn", "id"])
    op.add_column("inbound", filled("channel", "sms"))
    op.add_column("inbound", zero("price"))
    op.add_column("inbound", *words("rent_id?"))
    op.create_index("inbound_by_msisdn", "inbound", ["msisdn", "id"])
    partial("inbound_by_rent", "inbound", ["rent_id", "id"], "rent_id IS NOT NULL")
    op.add_column("phone_messages", filled("channel", "sms"))
    op.add_column("phone_messages", *words("rich_media?"))
    op.add_column("applications", *words("callbacks?"))


def _codes() -> None:
    op.create_table(
        "verifications",
        key(),
        *words("account_id", "msisdn", "address?", "client_reference?", "status", "code_hash"),
        zero("attempts"),
        *numbers("max_attempts"),
        zero("sends", 1),
        *numbers("ttl_s", "expires_at", "settled_at?"),
        *words("batch_id"),
        *numbers("price", "parts"),
        *words("callback_url?", "protocol", "wording"),
        *numbers("created_at"),
    )
    partial("verifications_expiring", "verifications", ["expires_at"], "status = 'pending'")
    op.create_index("verifications_by_msisdn", "verifications", ["account_id", "msisdn", "id"])
    partial("verifications_by_address", "verifications", ["account_id", "address", "id"], "address IS NOT NULL")


def _numbers() -> None:
    op.create_table(
        "lookup_jobs",
        key(),
        *words("account_id"),
        *numbers("asked", "accepted", "price", "created_at"),
    )
    op.create_index("lookup_jobs_by_account", "lookup_jobs", ["account_id", "id"])
    op.create_table(
        "lookups",
        key(),
        *words("account_id", "job_id?", "msisdn", "country?"),
        *numbers("price"),
        *words("facts?", "callback_url?", "protocol"),
        *numbers("due_at?"),
        zero("attempts"),
        *numbers("created_at", "done_at?"),
    )
    partial("lookups_due", "lookups", ["due_at", "id"], "due_at IS NOT NULL")
    op.create_table(
        "rents",
        key(),
        *words("account_id", "number_id", "msisdn", "terms"),
        *numbers("days", "begins_at", "ends_at", "auto_renew"),
        *words("callback_url?", "protocol", "registration_id?"),
        *numbers("price", "setup_price", "active", "created_at"),
    )
    partial("rents_of_number", "rents", ["number_id"], "active = 1", unique=True)
    partial("rents_by_msisdn", "rents", ["msisdn"], "active = 1")
    partial("rents_ending", "rents", ["ends_at"], "active = 1")
    op.create_index("rents_by_account", "rents", ["account_id", "id"])


def _links() -> None:
    op.create_table(
        "links",
        key(),
        *words("account_id", "kind"),
        *numbers("number"),
        *words("name", "target", "media_type?"),
        *numbers("size?"),
        zero("hits"),
        *numbers("created_at"),
        UniqueConstraint("account_id", "kind", "name", name="links_name"),
    )
    op.create_index("links_by_account", "links", ["account_id", "kind", "number"])
    partial("links_by_target", "links", ["target"], "kind = 'attachment'")
    op.create_table(
        "link_tokens",
        *words("link_id", "token", "account_id", "batch_id", "msisdn"),
        PrimaryKeyConstraint("link_id", "token", name="link_tokens_key"),
    )
    op.create_table(
        "hits",
        key(),
        *words("account_id", "link_id"),
        *numbers("number", "at"),
        *words("user_agent?", "address?", "language?", "referrer?", "msisdn?", "batch_id?"),
    )
    op.create_index("hits_by_link", "hits", ["link_id", "id"])
