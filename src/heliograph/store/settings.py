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


def settings_under(tx: Tx, beginning: str) -> dict[str, str]:
    """Read the settings whose names have this beginning, by the rest of their names."""
    query = select(settings.c.name, settings.c.value).where(settings.c.name.startswith(beginning, autoescape=True))
    return {name.removeprefix(beginning): value for name, value in tx.rows(query)}


def forget_setting(tx: Tx, name: str) -> bool:
    """Delete a setting. Return False if there was none."""
    return bool(tx.run(delete(settings).where(settings.c.name == name)))


def ensure_setting(tx: Tx, name: str, value: str) -> str:
    """Set a setting if it was not set, and return its value. Safe to be called by several processes at once."""
    tx.insert(settings, [_Setting(name, value)], skip_existing=True)
    return get_setting(tx, name) or value
