"""What a send asks for, by iSendPro's rules (reference: isendpro.md, section 3)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.batches import MAX_TEXT_LENGTH, Draft, Options, ReportWish
from heliograph.domain.marketing import NIGHT, with_mention
from heliograph.doors.facts import FactsOf
from heliograph.numbers import InvalidNumber, compact, country_of, normalise
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.codes import SENTENCES, Code
from heliograph.protocols.isendpro.door.reading import Parameters
from heliograph.protocols.isendpro.door.refusals import IsendproRefusal
from heliograph.text import Measure, TooManyParts, is_gsm, measure_text, measure_ucs2, verbatim

PROTOCOL = "isendpro"
HOME = "FR"
"""The country whose national numbers are read, where an account says nothing else, and where UCS-2 does not go."""
HOME_ZONE = ZoneInfo("Europe/Paris")
_TEXT = "sms"
_SENDER = re.compile(r"[0-9A-Za-z ]{4,11}")
_TRACKER = re.compile(r"[0-9A-Za-z]{1,49}")
_ANY_SPACE = re.compile(r"\s+")


class RecipientFacts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What this door keeps with a recipient."""

    tracker: str = ""
    """By which name its customer knows the receipt."""


RECIPIENT_FACTS = FactsOf(PROTOCOL, RecipientFacts)


class Row(msgspec.Struct):
    """One number of a send."""

    given: str
    text: str
    """The text, with the words that say how to opt out if they belong there."""
    tracker: str | None
    msisdn: str = ""
    parts: int = 0
    code: Code = Code.ACCEPTED

    def entry(self) -> wire.Entry:
        if self.code is not Code.ACCEPTED:
            return wire.Entry(code=int(self.code), tel=self.given, message=SENTENCES[self.code])
        return wire.Entry(code=int(self.code), tel=self.given, message=SENTENCES[self.code], smslong=str(self.parts))


class Send(msgspec.Struct):
    """A request, read and checked as far as it concerns all numbers."""

    rows: list[Row]
    sender: str | None
    send_at: datetime | None
    most_parts: int
    ucs2: bool
    waits_at_night: bool
    is_test: bool


def read_send(asked: Parameters, numbers: Sequence[str], account: Account, *, any_length: bool = False) -> Send:
    """Read and check a request to send.

    Raises IsendproRefusal for what is wrong with the whole request; what is wrong with a number is in its row. With
    `any_length` texts may have as many parts as there can be, whatever the request says.
    """
    if len(numbers) > wire.MAX_NUMBERS:
        raise IsendproRefusal(Code.PARAMETER_INVALID, f"num > {wire.MAX_NUMBERS}")
    sender = _sender(asked.one("emetteur"))
    marketing = sender is not None and not (asked.is_on("nostop") and account.terms.may_omit_stop)
    texts = _parallel("sms", asked.required_many("sms"), len(numbers))
    trackers = _parallel("tracker", _trackers(asked), len(numbers))
    send = Send(
        rows=[
            Row(number, with_mention(text) if marketing else text, tracker or None)
            for number, text, tracker in zip(numbers, texts, trackers, strict=True)
        ],
        sender=sender,
        send_at=_send_at(asked),
        most_parts=wire.MOST_PARTS if any_length else min(asked.number("smslong") or 1, wire.MOST_PARTS),
        ucs2=asked.is_on("ucs2"),
        waits_at_night=marketing and not account.terms.may_send_at_night,
        is_test=asked.is_on("sandbox"),
    )
    for row in send.rows:
        row.code = _judged(row, send, account)
    return send


def measured(text: str, *, ucs2: bool) -> Measure:
    """Measure a text. Raises IsendproRefusal for characters outside its alphabet, and for one of too many parts."""
    if not ucs2 and not is_gsm(text):
        raise IsendproRefusal(Code.CHARACTER_INVALID)
    try:
        return measure_ucs2(text) if ucs2 else measure_text(text)
    except TooManyParts as error:
        raise IsendproRefusal(Code.TEXT_TOO_LONG) from error


def msisdn_of(given: str, account: Account) -> str:
    """Return the MSISDN of a number as a customer writes it.

    A number that begins with 0 is national, in the account's region; any other is international. Raises InvalidNumber.
    """
    digits = compact(given)
    international = not digits.startswith(("0", "+"))
    return normalise(f"+{digits}" if international else digits, region=account.default_region or HOME)


def drafts_of(send: Send, account: Account) -> list[tuple[Draft, list[Row]]]:
    """Make drafts of the rows that are accepted or blacklisted, each number at most once in a draft."""
    rounds: list[list[Row]] = []
    times: Counter[str] = Counter()
    for row in send.rows:
        if row.code not in {Code.ACCEPTED, Code.BLACKLISTED}:
            continue
        place = times[row.msisdn]
        times[row.msisdn] += 1
        if place == len(rounds):
            rounds.append([])
        rounds[place].append(row)
    return [(_draft(send, account, rows), rows) for rows in rounds]


def _draft(send: Send, account: Account, rows: Sequence[Row]) -> Draft:
    texts = {row.text for row in rows}
    if len(texts) == 1:
        body, parameters = verbatim(rows[0].text)
    else:
        body, parameters = f"${{{_TEXT}}}", {_TEXT: {row.msisdn: row.text for row in rows}}
    return Draft(
        protocol=PROTOCOL,
        to=[f"+{row.msisdn}" for row in rows],
        originator=send.sender,
        text=body,
        parameters=parameters or None,
        send_at=send.send_at,
        max_parts=send.most_parts,
        callback_url=account.receipt_url,
        report=ReportWish.NONE if account.receipt_url is None else ReportWish.PER_RECIPIENT_FINAL,
        options=Options(ucs2=send.ucs2, quiet=NIGHT if send.waits_at_night else None, as_given=bool(parameters)),
        recipient_facts={
            row.msisdn: kept
            for row in rows
            if row.tracker and (kept := RECIPIENT_FACTS.write(RecipientFacts(row.tracker))) is not None
        }
        or None,
    )


def _judged(row: Row, send: Send, account: Account) -> Code:
    try:
        row.msisdn = msisdn_of(row.given, account)
        row.parts = measured(row.text, ucs2=send.ucs2).parts
    except InvalidNumber:
        return Code.NUMBER_INVALID
    except IsendproRefusal as refusal:
        return refusal.code
    if send.ucs2 and country_of(row.msisdn) == HOME:
        return Code.UCS2_NOT_THERE
    if row.parts > send.most_parts or len(row.text) > MAX_TEXT_LENGTH:
        return Code.TEXT_TOO_LONG
    return Code.ACCEPTED


def _sender(given: str | None) -> str | None:
    if given is None:
        return None
    if not _SENDER.fullmatch(given) or _ANY_SPACE.sub("", given).isdecimal() or not given.strip():
        raise IsendproRefusal(Code.SENDER_INVALID, given)
    return given.strip()


def _trackers(asked: Parameters) -> list[str]:
    trackers = asked.many("tracker") or [""]
    for tracker in trackers:
        if tracker and not _TRACKER.fullmatch(tracker):
            raise IsendproRefusal(Code.PARAMETER_INVALID, "tracker")
    return trackers


def _parallel(name: str, values: list[str], count: int) -> list[str]:
    """Return one value for each number: the only value repeated, or as many as there are numbers.

    Raises IsendproRefusal for any other count.
    """
    if len(values) == 1:
        return values * count
    if len(values) != count:
        raise IsendproRefusal(Code.PARAMETER_INVALID, f"{name} ({len(values)}), num ({count})")
    return values


def _send_at(asked: Parameters) -> datetime | None:
    zone = HOME_ZONE
    if (name := asked.one("gmt_zone")) is not None:
        try:
            zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise IsendproRefusal(Code.DATE_INVALID, name) from error
    given = asked.one("date_envoi")
    return None if given is None else instant_of(given, zone)


def instant_of(given: str, zone: ZoneInfo = HOME_ZONE) -> datetime:
    """Read `YYYY-MM-DD hh:mm` as a clock in this zone shows it; a plus in place of the space is taken, too.

    Raises IsendproRefusal if it is not a date and time.
    """
    if not given.isascii():  # strptime reads the digits of all scripts
        raise IsendproRefusal(Code.DATE_INVALID, given)
    try:
        at = datetime.strptime(given.replace("+", " ").strip(), "%Y-%m-%d %H:%M")
        return at.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise IsendproRefusal(Code.DATE_INVALID, given) from error
