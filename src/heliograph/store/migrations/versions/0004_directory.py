"""Contacts with fields, templates, originators, applications, and numbers for what people refer to by number."""

from __future__ import annotations

import secrets

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TEXT

from heliograph.domain.ids import following, new_id
from heliograph.numbers import country_of

revision = "0004"
down_revision = "0003"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def words(*names: str) -> list[Column[str]]:
    return [Column(name.rstrip("?"), WORDS, nullable=name.endswith("?")) for name in names]


def numbers(*names: str) -> list[Column[int]]:
    return [Column(name.rstrip("?"), BigInteger, nullable=name.endswith("?")) for name in names]


def upgrade() -> None:
    _numbers_for_what_is_there()
    _contacts()
    op.add_column("accounts", *words("optout_page?"))
    connection = op.get_bind()
    for (account_id,) in connection.execute(text("SELECT id FROM accounts")).fetchall():
        connection.execute(
            text("UPDATE accounts SET optout_page = :page WHERE id = :id"),
            {"page": secrets.token_hex(5), "id": account_id},
        )
    op.add_column("credentials", *numbers("expires_at?"))
    op.add_column("credentials", *words("application_id?"))
    op.create_table(
        "templates",
        *words("account_id"),
        *numbers("number"),
        *words("name", "channel", "body", "rich_media?"),
        *numbers("approved_at?", "created_at"),
        PrimaryKeyConstraint("account_id", "number", name="templates_key"),
        UniqueConstraint("account_id", "name", name="templates_name"),
    )
    op.create_table(
        "originators",
        *words("account_id"),
        *numbers("number"),
        *words("value"),
        *numbers("approved_at?", "created_at"),
        PrimaryKeyConstraint("account_id", "number", name="originators_key"),
        UniqueConstraint("account_id", "value", name="originators_value"),
    )
    op.create_table(
        "applications",
        Column("id", WORDS, primary_key=True, nullable=False),
        *words("account_id"),
        *numbers("number"),
        *words("name", "secret", "scopes"),
        *numbers("token_lifetime_s?"),
        *words("settings"),
        *numbers("created_at"),
    )
    op.create_index("applications_by_account", "applications", ["account_id", "number"])


def _numbers_for_what_is_there() -> None:
    op.create_table(
        "numbering",
        *words("account_id", "kind"),
        *numbers("last"),
        PrimaryKeyConstraint("account_id", "kind", name="numbering_key"),
    )
    for table, key in (("groups", "id"), ("optouts", "msisdn")):
        op.add_column(table, Column("number", BigInteger, nullable=False, server_default="0"))
        op.execute(
            f"UPDATE {table} SET number = (SELECT count(*) FROM {table} AS other "  # noqa: S608 - names from above
            f"WHERE other.account_id = {table}.account_id AND other.{key} <= {table}.{key})"
        )
        op.execute(
            f"INSERT INTO numbering SELECT account_id, '{table}', count(*) "  # noqa: S608
            f"FROM {table} GROUP BY account_id"
        )
    op.create_index("optouts_by_number", "optouts", ["account_id", "number"])


def _contacts() -> None:
    for name in ("id?", "country?", "details?"):
        op.add_column("group_members", *words(name))
    connection = op.get_bind()
    members = connection.execute(
        text("SELECT group_id, msisdn FROM group_members ORDER BY group_id, msisdn")
    ).fetchall()
    rows = [
        {"id": identifier, "country": country_of(msisdn), "group": group_id, "msisdn": msisdn}
        for identifier, (group_id, msisdn) in zip(following(new_id(), len(members)), members, strict=True)
    ]
    if rows:
        connection.execute(
            text("UPDATE group_members SET id = :id, country = :country WHERE group_id = :group AND msisdn = :msisdn"),
            rows,
        )
    op.create_index("group_members_by_id", "group_members", ["group_id", "id"])
