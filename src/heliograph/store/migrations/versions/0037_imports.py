"""Imports of contact files, which can be undone."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0037"
down_revision = "0036"
kind = "expand"


def upgrade() -> None:
    words = Text().with_variant(TEXT(collation="C"), "postgresql")

    def text(name: str, *, required: bool = True) -> Column[str]:
        return Column(name, words, nullable=not required)

    def number(name: str, *, required: bool = True) -> Column[int]:
        return Column(name, BigInteger, nullable=not required)

    op.add_column("group_members", number("import_number", required=False))
    op.create_table(
        "imports",
        Column("id", words, primary_key=True, nullable=False),
        *(text("account_id"), number("number"), text("group_id", required=False), text("state")),
        *(text("wish"), text("understood"), text("file", required=False), text("counts")),
        *(number("undone"), text("error", required=False), text("worker"), number("lease_until")),
        *(number("created_at"), number("finished_at", required=False)),
    )
    op.create_index("imports_of_account", "imports", ["account_id", "id"])
    op.create_index("imports_by_lease", "imports", ["lease_until"])
    op.create_table(
        "import_rejects",
        *(text("import_id"), number("place"), number("row"), text("value"), text("reason"), text("cells")),
        PrimaryKeyConstraint("import_id", "place", name="import_rejects_key"),
    )
    op.create_table(
        "import_changes",
        *(text("import_id"), text("msisdn"), text("details", required=False), number("number", required=False)),
        PrimaryKeyConstraint("import_id", "msisdn", name="import_changes_key"),
    )
