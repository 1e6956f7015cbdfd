"""Short addresses: of places elsewhere, and of files that are sent as such."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import Parameters
from heliograph.domain.errors import InvalidField, NotFound, TooManyItems
from heliograph.domain.instants import from_ms, now_ms, to_ms
from heliograph.domain.links import Click, Hit, Link, LinkKind, Tracked, is_web_address, new_link_id, new_token
from heliograph.engine.engine import Engine
from heliograph.services.aside import MANY_NUMBERS, aside
from heliograph.store.files import Files
from heliograph.store.links import (
    HOUR_MS,
    add_link,
    any_file,
    change_link,
    delete_link,
    hits_by_hour,
    hits_of,
    kinds_of_links,
    link_by_id,
    links_of,
)

NAME = range(3, 26)
"""Lengths that a link's name may have (reference: smscx.md, section 8)."""
READ_AT_ONCE = 5_000
MOST_PERSONAL = 500_000
"""Addresses of links that are made for the recipients of one batch, all together."""
#: What may be kept, and under which ending it is served. Nothing that a browser runs.
MEDIA_TYPES = {
    "application/pdf": "pdf",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "text/calendar": "ics",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "video/mp4": "mp4",
}
_BEGINNINGS = {
    "application/pdf": re.compile(rb"%PDF-"),
    "image/gif": re.compile(rb"GIF8[79]a"),
    "image/jpeg": re.compile(rb"\xff\xd8\xff"),
    "image/png": re.compile(rb"\x89PNG\r\n\x1a\n"),
    "image/webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
"""The bytes that files of these types begin with: a file that does not is something else."""


class Links:
    """The links and files of an account. Raises NotFound for one that it does not have, InvalidField, and NameTaken."""

    def __init__(self, engine: Engine, files: Files, largest_file: int) -> None:
        """Keep files of up to `largest_file` octets."""
        self._store = engine.store
        self._hits = engine.hits
        self._files = files
        self.largest_file = largest_file

    async def shorten(
        self, account: Account, address: str, name: str | None = None, *, passes_query: bool = False
    ) -> Link:
        """Make a short address for one elsewhere; without a name it gets its number.

        With `passes_query` the query with which somebody opens it is handed on behind the other's own.
        """
        _check(name, address)
        return await self._add(account, LinkKind.SHORTLINK, name or "", address, passes_query=passes_query)

    async def keep(self, account: Account, name: str | None, media_type: str, content: bytes) -> Link:
        """Keep a file under a short address. When this returns, file and address are stored."""
        _check(name, None)
        if media_type not in MEDIA_TYPES:
            raise InvalidField(f"Files of the type {media_type!r} are not taken.", field="media_type")
        if not content or len(content) > self.largest_file:
            raise InvalidField(f"A file has 1 to {self.largest_file} octets.", field="content")
        if (beginning := _BEGINNINGS.get(media_type)) is not None and beginning.match(content) is None:
            raise InvalidField(f"This is not {media_type}.", field="content")
        key = f"{secrets.token_hex(16)}.{MEDIA_TYPES[media_type]}"
        await self._files.put(key, content)
        try:
            return await self._add(
                account, LinkKind.ATTACHMENT, name or "", key, media_type=media_type, size=len(content)
            )
        except BaseException:
            await self._files.delete(key)
            raise

    async def _add(
        self,
        account: Account,
        kind: LinkKind,
        name: str,
        target: str,
        *,
        media_type: str | None = None,
        size: int | None = None,
        passes_query: bool = False,
    ) -> Link:
        while True:
            wanted = Link(
                id=new_link_id(),
                account_id=account.id,
                kind=kind,
                number=0,
                name=name,
                target=target,
                media_type=media_type,
                size=size,
                hits=0,
                created_at=from_ms(now_ms()),
                passes_query=passes_query,
            )
            added = await self._store.write(add_link, wanted)
            if added is not None:
                self._hits.forget()
                return added

    async def change(
        self,
        account: Account,
        link_id: str,
        *,
        name: str | None,
        address: str | None,
        passes_query: bool | None = None,
        check: Callable[[Link], None] | None = None,
    ) -> Link:
        """Change a shortlink; messages that have it lead to the new address from now on. None leaves what there is.

        `check` looks at the link as it is in the transaction of the change, which it can refuse.
        """
        _check(name, address)

        def edit(before: Link) -> Link:
            if check is not None:
                check(before)
            return msgspec.structs.replace(
                before,
                name=name or before.name,
                target=address or before.target,
                passes_query=before.passes_query if passes_query is None else passes_query,
            )

        changed = await self._store.write(change_link, account.id, link_id, edit)
        if changed is None:
            raise _no_link(LinkKind.SHORTLINK)
        self._hits.forget()
        return changed

    async def delete(self, account: Account, kind: LinkKind, link_id: str) -> None:
        """Delete a link with its hits; its address leads nowhere from now on."""
        gone = await self._store.write(delete_link, account.id, kind, link_id)
        if gone is None:
            raise _no_link(kind)
        self._hits.forget()
        if kind is LinkKind.ATTACHMENT:
            await self._files.delete(gone.target)

    async def get(self, account: Account, kind: LinkKind, link_id: str) -> Link:
        found = await self._store.read(link_by_id, account.id, kind, link_id)
        if found is None:
            raise _no_link(kind)
        return found

    async def require(self, account: Account, links: Collection[tuple[LinkKind, str]]) -> None:
        """Check that the account has all these links, by kind and identifier. Raises NotFound if it lacks one."""
        if not links:
            return
        found = await self._store.read(kinds_of_links, account.id, {link_id for _, link_id in links})
        for kind, link_id in links:
            if found.get(link_id) is not kind:
                raise _no_link(kind)

    async def all(self, account: Account, kind: LinkKind) -> list[Link]:
        """List all links of a kind, newest first."""
        return await self._store.read(links_of, account.id, kind)

    async def page(self, account: Account, kind: LinkKind, *, limit: int, before: int | None = None) -> list[Link]:
        """Read a page of links of a kind, newest first: those with numbers below `before`."""
        return await self._store.read(links_of, account.id, kind, limit=limit, before=before)

    async def hits(
        self,
        account: Account,
        link: Link,
        *,
        limit: int,
        before: str | None = None,
        after: str | None = None,
        people_only: bool = False,
    ) -> list[Hit]:
        """Read a page of hits, newest first; with `people_only`, without those of programs that only look."""
        return await self._store.read(
            hits_of, account.id, link.id, limit=limit, before=before, after=after, people_only=people_only
        )

    async def hits_by_hour(self, account: Account, link: Link, *, since: datetime) -> list[tuple[datetime, int]]:
        """Count how often people followed a link, by the beginning of the hour; hours without any are left out."""
        found = await self._store.read(hits_by_hour, account.id, link.id, to_ms(since))
        return [(from_ms(each.hour * HOUR_MS), each.count) for each in found]

    async def all_hits(self, account: Account, link: Link) -> AsyncIterator[list[Hit]]:
        """Read all hits of people, newest first, some thousands at a time, as they are asked for."""
        before: str | None = None
        while page := await self.hits(account, link, limit=READ_AT_ONCE, before=before, people_only=True):
            yield page
            before = page[-1].id

    async def personal(
        self, account: Account, named: Mapping[str, str], msisdns: Sequence[str], short_url: str
    ) -> tuple[Parameters, list[Tracked]]:
        """Make addresses of links or files for each recipient alone: as parameters of a text, and to be stored with it.

        `named` has the links' identifiers by the parameters' names; `short_url` is what short addresses begin with.
        Raises InvalidField for a link that the account does not have, TooManyItems for more than MOST_PERSONAL.
        """
        if len(named) * len(msisdns) > MOST_PERSONAL:
            raise TooManyItems(f"The links have more than {MOST_PERSONAL} addresses for all recipients.", field="links")
        parameters: dict[str, dict[str, str]] = {}
        tracked: list[Tracked] = []
        for name, link_id in named.items():
            found = await self._hits.link(link_id)
            if found is None or found.account_id != account.id:
                raise InvalidField(f"There is no link {link_id!r} in this account.", field="links")
            many = len(msisdns) > MANY_NUMBERS
            parameters[name], made = await aside(many, _tracked, f"{short_url}/{link_id}", link_id, msisdns)
            tracked += made
        return parameters, tracked

    async def followed(self, link_id: str) -> Link | None:
        """Find the link that somebody follows, whoever it belongs to; None if it leads nowhere."""
        return await self._hits.link(link_id)

    def note(self, click: Click) -> None:
        """Note that somebody has followed a link. It is stored in a moment."""
        self._hits.note(click)

    async def file(self, key: str) -> tuple[Link, AsyncIterator[bytes]] | None:
        """Read the file that is kept under a key; None if there is none."""
        link = await self._store.read(any_file, key)
        content = None if link is None else await self._files.read(key)
        return None if link is None or content is None else (link, content)


def _check(name: str | None, address: str | None) -> None:
    if name is not None and len(name) not in NAME:
        raise InvalidField("A name has 3 to 25 characters.", field="name")
    if address is not None and not is_web_address(address):
        raise InvalidField("This is not an http or https address.", field="url")


def _no_link(kind: LinkKind) -> NotFound:
    return NotFound(f"There is no such {kind} in this account.")


def _tracked(address: str, link_id: str, msisdns: Sequence[str]) -> tuple[dict[str, str], list[Tracked]]:
    made = [Tracked(link_id, new_token(), msisdn) for msisdn in msisdns]
    return {f"+{one.msisdn}": f"{address}/{one.token}" for one in made}, made
