"""Pages of Twilio's lists: reading which is asked for, and writing where the next and the previous are.

Reference: providers.md, section A2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeVar
from urllib.parse import urlencode

from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.codes import Code
from heliograph.protocols.twilio.door.refusals import TwilioRefusal
from heliograph.protocols.twilio.door.shapes import Form
from heliograph.protocols.twilio.door.sids import MMS, SMS, id_of

T = TypeVar("T")
_OLDER, _NEWER = "PA", "PB"
"""How a page token begins: the page has what is older, or newer, than the message whose sid follows."""
_OF_A_PAGE = frozenset({"Page", "PageToken", "PageSize"})
_NUMBERS = range(1_000_000_000)


class Place(NamedTuple):
    """The page that is asked for."""

    size: int
    number: int
    token: str | None = None
    before: str | None = None
    """The page has what is older than the message of this identifier."""
    after: str | None = None
    """The page has what is next newer than the message of this identifier."""

    def cut(self, found: Sequence[T]) -> Sequence[T]:
        """Keep the messages that fit on the page, of those that were found, newest first."""
        return found[-self.size :] if self.after is not None else found[: self.size]


def place(asked: Form) -> Place:
    """Read which page is asked for. Raises TwilioRefusal for a number that is not valid, or a token not made by us."""
    size = min(asked.number("PageSize", _NUMBERS[1:]) or wire.USUAL_PAGE, wire.LARGEST_PAGE)
    number, token = asked.number("Page", _NUMBERS) or 0, asked.one("PageToken")
    if token is None:
        return Place(size, number)
    known = id_of(token[2:], SMS, MMS)
    if known is None or not token.startswith((_OLDER, _NEWER)):
        raise TwilioRefusal(Code.PARAMETER_INVALID, "The PageToken is none of ours")
    return (
        Place(size, number, token, known, None) if token.startswith(_OLDER) else Place(size, number, token, None, known)
    )


class _Uris(NamedTuple):
    """The addresses of the pages of one list as it is asked for."""

    path: str
    asked: wire.Fields
    size: int

    def at(self, number: int, token: str | None = None) -> str:
        kept = [field for field in self.asked if field[0] not in _OF_A_PAGE]
        where = [("PageSize", str(self.size)), ("Page", str(number))]
        return f"{self.path}?{urlencode([*kept, *where, *([] if token is None else [('PageToken', token)])])}"


def message_page(
    at: Place, shown: Sequence[wire.Message], path: str, asked: wire.Fields, *, more: bool
) -> wire.MessagePage:
    """Build a page of messages; `more` says that there are others beyond it, in the direction of its token."""
    number = at.number if at.token is not None else 0  # without a token it is the first, whatever it is called
    uris = _Uris(path, asked, at.size)
    older = bool(shown) and (more or at.after is not None)
    newer = bool(shown) and (at.before is not None or (more and at.after is not None))
    return wire.MessagePage(
        messages=shown,
        page=number,
        page_size=at.size,
        start=number * at.size,
        end=number * at.size + max(len(shown) - 1, 0),
        uri=uris.at(number, at.token),
        first_page_uri=uris.at(0),
        previous_page_uri=uris.at(max(number - 1, 0), f"{_NEWER}{shown[0].sid}") if newer else None,
        next_page_uri=uris.at(number + 1, f"{_OLDER}{shown[-1].sid}") if older else None,
    )


def media_page(at: Place, found: Sequence[wire.Media], path: str, asked: wire.Fields) -> wire.MediaPage:
    """Build a page of all media of a message. They are few, so these pages have numbers only."""
    start = at.number * at.size
    shown = found[start : start + at.size]
    uris = _Uris(path, asked, at.size)
    return wire.MediaPage(
        media_list=shown,
        page=at.number,
        page_size=at.size,
        start=start,
        end=start + max(len(shown) - 1, 0),
        uri=uris.at(at.number),
        first_page_uri=uris.at(0),
        previous_page_uri=uris.at(at.number - 1) if at.number else None,
        next_page_uri=uris.at(at.number + 1) if start + at.size < len(found) else None,
    )
