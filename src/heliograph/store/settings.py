"""Small settings that must outlive a process and have no table of their own."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from heliograph.store.schema import settings
from heliograph.store.tx import Row, Tx


class _Setting(Row, frozen=True):
    name: str
    value: str


def get_setting(tx: Tx, name: str) -> str | None:
    value: str | None = tx.value(select(settings.c.value).where(settings.c.name == name))
    return value


def put_setting(tx: Tx, name: str, value: str) -> None:
    tx.run(delete(settings).where(settings.c.name == name))
    tx.run(insert(settings).values(name=name, value=value))


def ensure_setting(tx: Tx, name: str, value: str) -> str:
    """Set a setting if it was not set, and return its value. Safe to be called by several processes at once."""
    tx.insert(settings, [_Setting(name, value)], skip_existing=True)
    return get_setting(tx, name) or value
