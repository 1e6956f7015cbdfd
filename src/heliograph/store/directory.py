"""Templates, originators and applications in the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from heliograph.domain.callbacks import Listener
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.directory import Application, Originator, Template
from heliograph.domain.errors import NameTaken
from heliograph.domain.instants import from_ms, maybe_instant, maybe_ms, to_ms
from heliograph.store.numbering import take_number
from heliograph.store.schema import applications, originators, templates
from heliograph.store.tx import Row, Tx, columns

_LONGEST_NUMBER = 18
"""The most digits of a template's number: no column holds a longer one."""

_encode = msgspec.json.encode
_decode_media = msgspec.json.Decoder(RichMedia).decode
_decode_settings = msgspec.json.Decoder(dict[str, object]).decode

_decode_callbacks = msgspec.json.Decoder(dict[str, Listener]).decode


class _TemplateRow(Row, frozen=True):
    number: int
    name: str
    channel: str
    body: str
    rich_media: str | None
    """The rich media as JSON."""
    approved_at: int | None
    created_at: int


class _OriginatorRow(Row, frozen=True):
    number: int
    value: str
    approved_at: int | None
    created_at: int


class _ApplicationRow(Row, frozen=True):
    id: str
    account_id: str
    number: int
    name: str
    secret: str
    scopes: str
    """The scopes, separated by spaces."""
    token_lifetime_s: int | None
    settings: str
    """The settings as JSON; the callbacks are JSON, too."""
    created_at: int
    callbacks: str | None


class _Sealed(Row, frozen=True):
    id: str
    secret: str


_TEMPLATE = columns(_TemplateRow, templates)
_ORIGINATOR = columns(_OriginatorRow, originators)
_APPLICATION = columns(_ApplicationRow, applications)


def add_template(tx: Tx, account_id: str, template: Template) -> Template:
    """Store a template under the next number, and return it with that. Raises NameTaken before anything is written."""
    _check_template_name(tx, account_id, template)
    numbered = msgspec.structs.replace(template, number=take_number(tx, account_id, "templates"))
    tx.run(insert(templates).values(account_id=account_id, number=numbered.number, **_template_values(numbered)))
    return numbered


def change_template(tx: Tx, account_id: str, number: int, edit: Callable[[Template], Template]) -> Template | None:
    """Put what `edit` makes of a template in its place, and return that; None if there is none.

    Raises NameTaken, and what `edit` raises, before anything is written.
    """
    mine = (templates.c.account_id == account_id, templates.c.number == number)
    row = tx.one(_TemplateRow, select(*_TEMPLATE).where(*mine).with_for_update())
    if row is None:
        return None
    after = edit(_template(row))
    _check_template_name(tx, account_id, after)
    tx.run(update(templates).where(*mine).values(**_template_values(after)))
    return after


def delete_template(tx: Tx, account_id: str, number: int) -> bool:
    """Delete a template; False if there is none."""
    return bool(tx.run(delete(templates).where(templates.c.account_id == account_id, templates.c.number == number)))


def template_by_number(tx: Tx, account_id: str, number: int) -> Template | None:
    row = tx.one(
        _TemplateRow, select(*_TEMPLATE).where(templates.c.account_id == account_id, templates.c.number == number)
    )
    return None if row is None else _template(row)


def template_by_key(tx: Tx, account_id: str, key: int | str) -> Template | None:
    """Find a template by its number or its name; digits that are no template's name are its number."""
    if isinstance(key, str):
        named = select(*_TEMPLATE).where(templates.c.account_id == account_id, templates.c.name == key)
        if (row := tx.one(_TemplateRow, named)) is not None:
            return _template(row)
        if not (key.isascii() and key.isdecimal()) or len(key) > _LONGEST_NUMBER:
            return None
    number = int(key)
    return template_by_number(tx, account_id, number) if 0 < number < 1 << 63 else None


def templates_of(tx: Tx, account_id: str) -> list[Template]:
    """List all templates of an account, newest first."""
    query = select(*_TEMPLATE).where(templates.c.account_id == account_id).order_by(templates.c.number.desc())
    return [_template(row) for row in tx.all(_TemplateRow, query)]


def _check_template_name(tx: Tx, account_id: str, template: Template) -> None:
    taken = select(templates.c.number).where(
        templates.c.account_id == account_id,
        templates.c.name == template.name,
        templates.c.number != template.number,
    )
    if tx.first(taken) is not None:
        raise NameTaken(f"There is a template {template.name!r} already.", field="name")


def _template_values(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "channel": template.channel.value,
        "body": template.body,
        "rich_media": None if template.rich_media is None else _encode(template.rich_media).decode(),
        "approved_at": maybe_ms(template.approved_at),
        "created_at": to_ms(template.created_at),
    }


def _template(row: _TemplateRow) -> Template:
    return Template(
        number=row.number,
        name=row.name,
        channel=Channel(row.channel),
        body=row.body,
        rich_media=None if row.rich_media is None else _decode_media(row.rich_media),
        approved_at=maybe_instant(row.approved_at),
        created_at=from_ms(row.created_at),
    )


def add_originator(tx: Tx, account_id: str, originator: Originator) -> Originator:
    """Store an originator under the next number, and return it with that.

    Raises NameTaken before anything is written.
    """
    taken = select(originators.c.number).where(
        originators.c.account_id == account_id, originators.c.value == originator.value
    )
    if tx.first(taken) is not None:
        raise NameTaken(f"The originator {originator.value} is in the list already.", field="originator")
    number = take_number(tx, account_id, "originators")
    tx.run(
        insert(originators).values(
            account_id=account_id,
            number=number,
            value=originator.value,
            approved_at=maybe_ms(originator.approved_at),
            created_at=to_ms(originator.created_at),
        )
    )
    return msgspec.structs.replace(originator, number=number)


def delete_originator(tx: Tx, account_id: str, number: int) -> Originator | None:
    """Delete an originator, and return it; None if there is none."""
    mine = (originators.c.account_id == account_id, originators.c.number == number)
    row = tx.one(_OriginatorRow, select(*_ORIGINATOR).where(*mine))
    if row is None:
        return None
    tx.run(delete(originators).where(*mine))
    return _originator(row)


def originators_of(tx: Tx, account_id: str) -> list[Originator]:
    """List all originators of an account, newest first."""
    query = select(*_ORIGINATOR).where(originators.c.account_id == account_id).order_by(originators.c.number.desc())
    return [_originator(row) for row in tx.all(_OriginatorRow, query)]


def originator_by_value(tx: Tx, account_id: str, value: str) -> Originator | None:
    row = tx.one(
        _OriginatorRow, select(*_ORIGINATOR).where(originators.c.account_id == account_id, originators.c.value == value)
    )
    return None if row is None else _originator(row)


def _originator(row: _OriginatorRow) -> Originator:
    return Originator(
        number=row.number,
        value=row.value,
        approved_at=maybe_instant(row.approved_at),
        created_at=from_ms(row.created_at),
    )


def put_application(tx: Tx, application: Application) -> Application:
    """Store an application under the next number, or write it anew under the number that it has."""
    mine = (applications.c.account_id == application.account_id, applications.c.id == application.id)
    number = tx.value(select(applications.c.number).where(*mine))
    number = number or take_number(tx, application.account_id, "applications")
    tx.run(delete(applications).where(*mine))
    tx.run(
        insert(applications).values(
            id=application.id,
            account_id=application.account_id,
            number=number,
            name=application.name,
            secret=application.secret,
            scopes=" ".join(sorted(application.scopes)),
            token_lifetime_s=application.token_lifetime_s,
            settings=_encode(application.settings).decode(),
            created_at=to_ms(application.created_at),
            callbacks=_encode(application.callbacks).decode() if application.callbacks else None,
        )
    )
    return msgspec.structs.replace(application, number=number)


def delete_application(tx: Tx, account_id: str, application_id: str) -> bool:
    """Delete an application; False if there is none."""
    mine = (applications.c.account_id == account_id, applications.c.id == application_id)
    return bool(tx.run(delete(applications).where(*mine)))


def applications_of(tx: Tx, account_id: str) -> list[Application]:
    """List all applications of an account, newest first."""
    query = select(*_APPLICATION).where(applications.c.account_id == account_id).order_by(applications.c.number.desc())
    return [_application(row) for row in tx.all(_ApplicationRow, query)]


def application_by_id(tx: Tx, application_id: str) -> Application | None:
    """Find an application. Spans accounts: this is how the account of a program is found."""
    row = tx.one(_ApplicationRow, select(*_APPLICATION).where(applications.c.id == application_id))
    return None if row is None else _application(row)


def seal_application_secrets(tx: Tx, close: Callable[[str], str], is_sealed: Callable[[str], bool]) -> int:
    """Seal the secrets that earlier versions stored in clear, and count them. Spans accounts."""
    kept = tx.pairs(select(applications.c.id, applications.c.secret))
    sealed = [_Sealed(one, close(secret)) for one, secret in kept.items() if not is_sealed(secret)]
    tx.update(applications, sealed)
    return len(sealed)


def _application(row: _ApplicationRow) -> Application:
    values = msgspec.structs.asdict(row) | {
        "scopes": frozenset(row.scopes.split()),
        "settings": _decode_settings(row.settings),
        "created_at": from_ms(row.created_at),
        "callbacks": {} if row.callbacks is None else _decode_callbacks(row.callbacks),
    }
    return Application(**values)
