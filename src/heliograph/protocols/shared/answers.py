"""What the answers of providers' servers mean for the messages of the request: one table for all providers.

For each HTTP status the table answers three questions. Was the request taken? A message that may have been taken is
never sent again by itself, and one that was not is never lost. Can the messages themselves be to blame? Then they are
refused; if there are several, they are sent in halves until those to blame are found. If not, who is to blame: the
provider, who then gets nothing for a while if nothing else succeeds, or our own haste? A vendor's own codes may say
more (`HttpProvider.vendor_says`); they come before the status.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from heliograph.calling import RemoteError, Response, Unreachable, retry_after_s
from heliograph.calling.written import may_be_written
from heliograph.domain.statuses import Reason
from heliograph.engine.contract import Refused, TryAgain, Uncertain

TO_BE_MENDED_MS = 60_000
"""How long a message waits, in ms, for what somebody has to mend: credentials, the address, the balance."""
LONGEST_WISH_MS = 60 * 60_000
"""The longest Retry-After that is honoured, in ms: a message must not expire because a server wants rest."""

NotAccepted = Refused | TryAgain | Uncertain


class Meaning(NamedTuple):
    """What an answer means for the messages of its request."""

    kind: type[Refused | TryAgain | Uncertain]
    why: str
    """The meaning in a few words, for the table in the documentation."""
    reason: Reason = Reason.PROVIDER_REFUSED
    """Why a refused message failed; used for refusals only."""
    after_ms: int | None = None
    """How long to wait before the next attempt, in ms, if the server does not say."""
    blames_provider: bool = True
    divides: bool = False
    """Any one of several messages may be to blame, so each half of them is sent by itself."""

    def outcome(self, response: Response | None, code: str | None, detail: str | None) -> NotAccepted:
        if self.kind is Refused:
            return Refused(self.reason, code, detail)
        if self.kind is Uncertain:
            return Uncertain(detail)
        wish_ms = None if response is None else retry_after_ms(response.headers)
        return TryAgain(self.after_ms if wish_ms is None else wish_ms, code, detail, self.blames_provider)


CANNOT_BE = Meaning(
    Refused,
    "not taken: something in a message can't be. It is refused; of several the one to blame is looked for",
    divides=True,
)
REFUSED = Meaning(Refused, "not taken: refused, all of them")
TO_BE_MENDED = Meaning(
    TryAgain,
    "not taken: somebody has to mend that (credentials, address, balance). A minute later",
    after_ms=TO_BE_MENDED_MS,
)
BUSY = Meaning(TryAgain, "not taken: too much or too early. Later; the provider is not to blame", blames_provider=False)
AWAY = Meaning(TryAgain, "not taken: the provider is not there. Later")
IN_DOUBT = Meaning(Uncertain, "may have been taken: `unknown`, unless `resend_uncertain` says otherwise")

#: RFC 9110, section 15, unless another is named.
MEANINGS: Mapping[int, Meaning] = {
    303: IN_DOUBT,  # what was made of the request is to be seen elsewhere
    401: TO_BE_MENDED,
    402: TO_BE_MENDED,
    403: TO_BE_MENDED,
    404: TO_BE_MENDED,  # the base address is wrong, or a gateway has lost its way: no message is to blame
    405: TO_BE_MENDED,
    406: TO_BE_MENDED,
    407: TO_BE_MENDED,
    408: AWAY,  # the request never arrived whole
    409: BUSY,  # with what goes on there now; a server that finds a repetition refuses it the next time, too
    410: TO_BE_MENDED,
    411: TO_BE_MENDED,
    415: TO_BE_MENDED,
    417: TO_BE_MENDED,
    421: TO_BE_MENDED,
    423: BUSY,  # RFC 4918, section 11.3
    424: BUSY,  # RFC 4918, section 11.4
    425: BUSY,  # RFC 8470
    426: TO_BE_MENDED,
    428: TO_BE_MENDED,  # RFC 6585
    429: BUSY,  # RFC 6585
    501: TO_BE_MENDED,
    503: AWAY,
    505: TO_BE_MENDED,
    511: TO_BE_MENDED,  # RFC 6585: what answered is not the server
}
#: Of all others, by their first digit: an answer of success that can't be read is in doubt, too.
CLASSES: Mapping[int, Meaning] = {1: IN_DOUBT, 2: IN_DOUBT, 3: TO_BE_MENDED, 4: CANNOT_BE, 5: IN_DOUBT}


def meaning_of_status(status: int) -> Meaning:
    return MEANINGS.get(status) or CLASSES.get(status // 100, IN_DOUBT)


class TurnedDown(RemoteError):
    """A server that is asked without a client did not take a request."""

    def __init__(self, response: Response, code: str | None = None, detail: str | None = None) -> None:
        """Keep the answer, with the server's own code and words (`detail`) where it has them."""
        super().__init__(detail or f"The server answered {response.status}.")
        self.answer = response
        self._code = code

    @property
    def vendor_code(self) -> str | None:
        return self._code


def meaning_of(error: Unreachable | RemoteError, vendor: Meaning | None = None) -> Meaning:
    """Tell what an error means for the messages: no answer at all, or an answer that a client raised.

    `vendor` is the meaning of the vendor's own code, if it has one. An answer to a login says nothing of the messages,
    which the server has not seen: they wait.
    """
    if isinstance(error, Unreachable):
        return IN_DOUBT if error.written else AWAY
    meaning = vendor or (IN_DOUBT if error.answer is None else meaning_of_status(error.answer.status))
    if may_be_written() or meaning.kind is TryAgain:
        return meaning
    return TO_BE_MENDED if meaning.kind is Refused else AWAY


def outcome_of(error: Unreachable | RemoteError, meaning: Meaning | None = None) -> NotAccepted:
    """Turn an error into the outcome of each message of its request; `meaning` if that is known already."""
    meaning = meaning or meaning_of(error)
    if isinstance(error, Unreachable):
        return meaning.outcome(None, None, str(error))
    status = None if error.answer is None else str(error.answer.status)
    return meaning.outcome(error.answer, error.vendor_code or status, str(error))


def unreachable(error: Unreachable) -> TryAgain | Uncertain:
    """Turn the lack of an answer into an outcome: uncertain if the request may have arrived, else another attempt."""
    return Uncertain(str(error)) if meaning_of(error) is IN_DOUBT else TryAgain(detail=str(error))


def refusal(response: Response, code: str | None = None, detail: str | None = None) -> NotAccepted:
    """Turn an answer that is not one of success, or can't be read, into an outcome, by its HTTP status.

    `code` and `detail` are the server's own words, which go with the message.
    """
    return outcome_of(TurnedDown(response, code, detail))


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """Read Retry-After, in seconds or as a date (RFC 9110, section 10.2.3), as ms from now.

    Returns None if it is missing or is neither; never less than 0 or more than `LONGEST_WISH_MS`.
    """
    seconds = retry_after_s(headers)
    return None if seconds is None else wish_ms(seconds)


def wish_ms(seconds: float) -> int:
    """Turn a server's wish to be asked again in so many seconds into ms, at most `LONGEST_WISH_MS`."""
    return int(min(max(seconds, 0.0) * 1_000, LONGEST_WISH_MS))
