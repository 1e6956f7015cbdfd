"""The decisions of an account for itself: where it is told, how it reads numbers, and who its messages are from."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from heliograph.domain.accounts import Account
from heliograph.domain.errors import InvalidField, InvalidOriginator
from heliograph.domain.lengths import LONGEST_WORD, require_short
from heliograph.domain.optouts import MOST_WORDS, ConsentWords
from heliograph.engine.engine import Engine
from heliograph.numbers import InvalidOriginator as NotAnOriginator
from heliograph.numbers import parse_originator, region_named
from heliograph.services.accounts import Accounts
from heliograph.services.batches import is_storable

LONGEST_ANSWER = 480


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of an account's decisions: what is UNSET stays, None takes one back."""

    callback_url: str | UnsetType | None = UNSET
    callback_protocol: str | UnsetType = UNSET
    receipt_url: str | UnsetType | None = UNSET
    default_originator: str | UnsetType | None = UNSET
    default_region: str | UnsetType | None = UNSET
    words: ConsentWords | UnsetType = UNSET


class Profile:
    def __init__(self, engine: Engine, accounts: Accounts) -> None:
        self._engine = engine
        self._accounts = accounts

    async def change(self, account: Account, change: ProfileChange) -> Account:
        """Change an account, and return it as it is then.

        Raises InvalidCallbackUrl; InvalidOriginator; InvalidField by name: then nothing is changed.
        """
        wanted = {
            name: value for name, value in msgspec.structs.asdict(change).items() if not isinstance(value, UnsetType)
        }
        self._engine.guard.require(change.receipt_url)
        if (
            isinstance(change.callback_protocol, str)
            and change.callback_protocol not in self._engine.callback_protocols
        ):
            known = ", ".join(sorted(self._engine.callback_protocols))
            raise InvalidField(f"Callbacks have the shape of one of {known}.", field="callback_protocol")
        after = msgspec.structs.replace(account, **wanted)
        if "callback_url" in wanted or "callback_protocol" in wanted:
            self._engine.require_callback(after.callback_url, after.callback_protocol)
        if isinstance(change.default_region, str):
            wanted["default_region"] = _region(change.default_region)
        if isinstance(change.words, ConsentWords):
            _check_words(change.words)
        if isinstance(change.default_originator, str):
            wanted["default_originator"] = _originator(change.default_originator)
        if wanted:
            await self._accounts.change(account, **wanted)
        return msgspec.structs.replace(account, **wanted)


def _region(code: str) -> str:
    region = region_named(code)
    if region is None:
        raise InvalidField(f"There is no country {code!r}: two letters of ISO 3166, as in FR.", field="region")
    return region


def _check_words(words: ConsentWords) -> None:
    for name in ("stop", "start", "help"):
        own = getattr(words, name)
        require_short(own, f"consent.{name}", LONGEST_WORD)
        if len(own) > MOST_WORDS or any(len(word.split()) != 1 for word in own):
            raise InvalidField(f"`{name}` has at most {MOST_WORDS} entries, each one word.", field=f"consent.{name}")
    for name in ("stop_answer", "start_answer", "help_answer"):
        text = getattr(words, name)
        if text is not None and (not text or len(text) > LONGEST_ANSWER or not is_storable(text)):
            raise InvalidField(f"`{name}` has 1 to {LONGEST_ANSWER} characters.", field=f"consent.{name}")


def _originator(text: str) -> str:
    try:
        return parse_originator(text).value
    except NotAnOriginator as error:
        raise InvalidOriginator(f"{text!r} can't be an originator: {error.reason}.", field="from") from error
