"""Groups, batches to them, options of sending, what customers confirm, and what providers are asked about."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0002"
down_revision = "0001"

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")


def words(*names: str) -> list[Column[str]]:
    return [Column(name.rstrip("?"), WORDS, nullable=name.endswith("?")) for name in names]


def numbers(*names: str) -> list[Column[int]]:
    return [Column(name.rstrip("?"), BigInteger, nullable=name.endswith("?")) for name in names]


def partial_index(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=text(where), postgresql_where=text(where))


def upgrade() -> None:
    op.add_column("batches", Column("groups", WORDS, nullable=False, server_default="[]"))
    op.add_column("batches", Column("options", WORDS, nullable=True))
    op.add_column("batches", Column("expand_at", BigInteger, nullable=True))
    op.add_column("batches", Column("used_ids", BigInteger, nullable=False, server_default="0"))
    op.execute("UPDATE batches SET used_ids = recipient_count")
    partial_index("batches_to_expand", "batches", ["expand_at"], "expand_at IS NOT NULL")
    op.add_column("messages", Column("confirmed_at", BigInteger, nullable=True))
    op.create_table(
        "groups",
        Column("id", WORDS, primary_key=True, nullable=False),
        *words("account_id", "name?", "tags", "auto_to?", "auto_add?", "auto_remove?"),
        *numbers("created_at", "modified_at"),
        UniqueConstraint("account_id", "name", name="groups_name"),
    )
    op.create_index("groups_by_account", "groups", ["account_id", "id"])
    partial_index("groups_by_auto_to", "groups", ["account_id", "auto_to"], "auto_to IS NOT NULL")
    op.create_table(
        "group_members",
        *words("group_id", "msisdn"),
        PrimaryKeyConstraint("group_id", "msisdn", name="group_members_key"),
    )
    op.create_table(
        "group_children",
        *words("group_id", "child_id"),
        PrimaryKeyConstraint("group_id", "child_id", name="group_children_key"),
    )
    op.create_index("group_children_by_child", "group_children", ["child_id"])
    op.create_table(
        "polls",
        Column("id", WORDS, primary_key=True, nullable=False),
        *words("provider", "handle"),
        *numbers("due_at", "give_up_at?"),
        Column("attempts", BigInteger, nullable=False, server_default="0"),
    )
    op.create_index("polls_due", "polls", ["due_at"])
