"""The audit log, which can be added to only."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Text
from sqlalchemy.dialects.postgresql import TEXT

revision = "0024"
down_revision = "0023"
kind = "contract"  # an older process would not write down what it does

WORDS = Text().with_variant(TEXT(collation="C"), "postgresql")
CHANGED = "the audit log can't be changed"
DELETED = "entries of the audit log can only be cut off at its beginning"
HEAD_DELETED = "the head of the audit log stays"
HEAD_BACK = "the head of the audit log goes forward only"
GOES_BACK = "NEW.seq < OLD.seq OR NEW.cut_seq < OLD.cut_seq OR NEW.cut_seq > NEW.seq"
IS_KEPT = "OLD.seq > (SELECT cut_seq FROM audit_head)"


def upgrade() -> None:
    op.create_table(
        "audit",
        Column("seq", BigInteger, primary_key=True, autoincrement=False, nullable=False),
        Column("at", BigInteger, nullable=False),
        *(Column(name, WORDS, nullable=False) for name in ("actor_kind", "actor_id", "actor_name")),
        Column("address", WORDS),
        *(Column(name, WORDS, nullable=False) for name in ("action", "object_id")),
        Column("account_id", WORDS),
        *(Column(name, WORDS, nullable=False) for name in ("before", "after", "previous", "hash")),
    )
    op.create_index("audit_by_account", "audit", ["account_id", "seq"])
    op.create_index("audit_by_object", "audit", ["object_id", "seq"])
    op.create_table(
        "audit_head",
        *(Column(name, BigInteger, nullable=False) for name in ("seq", "cut_seq")),
        *(Column(name, WORDS, nullable=False) for name in ("hash", "cut_hash")),
    )
    zeros = "0" * 64
    op.execute(f"INSERT INTO audit_head (seq, hash, cut_seq, cut_hash) VALUES (0, '{zeros}', 0, '{zeros}')")  # noqa: S608
    if op.get_bind().dialect.name == "sqlite":
        _on_sqlite("audit_unchanged", "BEFORE UPDATE ON audit", "1", CHANGED)
        _on_sqlite("audit_kept", "BEFORE DELETE ON audit", IS_KEPT, DELETED)
        _on_sqlite("audit_head_kept", "BEFORE DELETE ON audit_head", "1", HEAD_DELETED)
        _on_sqlite("audit_head_one", "BEFORE INSERT ON audit_head", "1", HEAD_DELETED)
        _on_sqlite("audit_head_forward", "BEFORE UPDATE ON audit_head", GOES_BACK, HEAD_BACK)
    else:
        _on_postgresql("audit_unchanged", "UPDATE", "audit", "true", CHANGED)
        _on_postgresql("audit_kept", "DELETE", "audit", IS_KEPT, DELETED)
        _on_postgresql("audit_not_emptied", "TRUNCATE", "audit", "true", DELETED)
        _on_postgresql("audit_head_kept", "DELETE", "audit_head", "true", HEAD_DELETED)
        _on_postgresql("audit_head_one", "INSERT", "audit_head", "true", HEAD_DELETED)
        _on_postgresql("audit_head_not_emptied", "TRUNCATE", "audit_head", "true", HEAD_DELETED)
        _on_postgresql("audit_head_forward", "UPDATE", "audit_head", GOES_BACK, HEAD_BACK)


def _on_sqlite(name: str, event: str, refused: str, told: str) -> None:
    told = told.replace("'", "''")
    op.execute(f"CREATE TRIGGER {name} {event} WHEN {refused} BEGIN SELECT RAISE(ABORT, '{told}'); END")


def _on_postgresql(name: str, event: str, table: str, refused: str, told: str) -> None:
    told = told.replace("'", "''")
    row = "NULL" if event == "TRUNCATE" else "OLD" if event == "DELETE" else "NEW"
    op.execute(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF {refused} THEN RAISE EXCEPTION '{told}' USING ERRCODE = 'integrity_constraint_violation'; END IF; "
        f"RETURN {row}; END $$"
    )
    each = "STATEMENT" if event == "TRUNCATE" else "ROW"
    op.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {name}()")
