"""What receipts say about the SMSC that writes them: how it names messages, and what our provider has to know."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from heliograph.protocols.smpp.checking.peer import Answer, Told
from heliograph.protocols.smpp.checking.report import Finding, Verdict
from heliograph.protocols.smpp.wire.coding import body_of
from heliograph.protocols.smpp.wire.ids import IdForm, key_of, keys_in
from heliograph.protocols.smpp.wire.pdus import DataSm, DeliverSm, SubmitSm, SubmitSmResp
from heliograph.protocols.smpp.wire.receipts import DeliveryReceipt, is_receipt, read_receipt
from heliograph.protocols.smpp.wire.tlvs import Tag, find

_USUAL_WORDS = {"DELIVRD", "EXPIRED", "DELETED", "UNDELIV", "ACCEPTD", "UNKNOWN", "REJECTD", "ENROUTE"}
_FIELDS = ("sub:", "dlvrd:", "submit date:", "done date:", "err:", "text:")
_FAR_MS = 3 * 60_000
"""A receipt of a message of just now is of no other moment than this far from now."""
_QUARTER_MS = 15 * 60_000


class Sent(NamedTuple):
    """A submit that was answered."""

    submit: SubmitSm
    answer: Answer

    @property
    def is_taken(self) -> bool:
        return self.answer.pdu.status == 0

    @property
    def message_id(self) -> str:
        return self.answer.pdu.message_id if isinstance(self.answer.pdu, SubmitSmResp) else ""

    @property
    def awaits_receipt(self) -> bool:
        return self.is_taken and bool(self.submit.registered_delivery)


class _Read(NamedTuple):
    told: Told
    said: DeliveryReceipt


def receipts_in(told: Sequence[Told]) -> list[Told]:
    """Find those that are about a message, marked as such or not."""
    return [each for each in told if is_receipt(each.pdu, sniff=True)]


def judge(sent: Sequence[Sent], told: Sequence[Told]) -> Iterator[Finding]:
    """Tell what is found of what came about messages that were sent."""
    awaited = [each for each in sent if each.awaits_receipt]
    receipts = receipts_in(told)
    if not awaited:
        return
    if not receipts:
        yield Finding("receipts", Verdict.OPEN, "No receipt came in the time that there was.")
        return
    if any(not is_receipt(each.pdu) for each in receipts):
        said = "Receipts don't say in esm_class that they are receipts; only their text looks like it."
        yield Finding("marking", Verdict.WRONG, said, {"sniff_receipts": True})
    read = [_Read(each, found) for each in receipts if (found := read_receipt(each.pdu)) is not None]
    if len(read) < len(receipts):
        missing = len(receipts) - len(read)
        yield Finding("receipts", Verdict.WRONG, f"Receipts name no message, neither in text nor parameter: {missing}.")
    if read:
        yield from _judge_ids([each.message_id for each in awaited], [each.said.ids for each in read])
        yield from _judge_words(read)
        yield from _judge_clock(read)
        yield from _judge_manner(awaited, read)


# -- names


def _judge_ids(sent: Sequence[str], said: Sequence[Sequence[str]]) -> Iterator[Finding]:
    if any(len(ids) > 1 for ids in said):
        words = "Receipts have one id in their text and another in receipted_message_id; the parameter's comes first."
        yield Finding("two ids", Verdict.ODD, words)
    strangers = [ids for ids in said if not _fits(IdForm.AUTO, sent, ids)]
    if strangers and len(strangers) < len(said):
        words = f"Receipts came that are about no message of this check, perhaps of one before: {len(strangers)}."
        yield Finding("other receipts", Verdict.OPEN, words)
        said = [ids for ids in said if ids not in strangers]
    form = form_of(sent, said)
    if form is None:
        words = f"Receipts name messages that it never gave an id, such as {said[0][0]!r}."
        yield Finding("ids", Verdict.WRONG, words, {"id_form": "auto"})
        return
    yield Finding("ids", *_FORMS[form], {"id_form": form.value})


_FORMS = {
    IdForm.AS_IS: (Verdict.RIGHT, "Receipts write ids as the responses do."),
    IdForm.DEC: (Verdict.WRONG, "Responses write ids in hexadecimal, receipts in decimal."),
    IdForm.HEX: (Verdict.WRONG, "Responses write ids in decimal, receipts in hexadecimal."),
    IdForm.AUTO: (
        Verdict.OPEN,
        "These ids don't tell whether receipts write them in the same way: numbers below ten, zeros before them, "
        "capitals, or now one way and now another.",
    ),
}


def form_of(sent: Sequence[str], said: Sequence[Sequence[str]]) -> IdForm | None:
    """Tell how receipts write ids, compared with responses; None: in no way that there is.

    `said` has the ids of each receipt: one, or two. A form is taken if all receipts are right by it. Numbers below ten
    are written the same in both, and prove nothing.
    """
    telling = [ids for ids in said if not all(_is_below_ten(each) for each in ids)]
    if all(_fits(IdForm.AS_IS, sent, ids) for ids in said):
        return IdForm.AS_IS if telling else IdForm.AUTO
    for form in (IdForm.DEC, IdForm.HEX):
        if all(_fits(form, sent, ids) for ids in said):
            return form if telling else IdForm.AUTO
    return IdForm.AUTO if any(_fits(IdForm.AUTO, sent, ids) for ids in said) else None


def _is_below_ten(message_id: str) -> bool:
    return message_id.isascii() and message_id.isdigit() and int(message_id) < 10


def _fits(form: IdForm, sent: Sequence[str], ids: Sequence[str]) -> bool:
    if form in {IdForm.AS_IS, IdForm.AUTO} and set(ids) & set(sent):
        return True
    keys = {key_of(form, each) for each in sent} - {None}
    return any(key in keys for each in ids for key in keys_in(form, each))


# -- words and times


def _judge_words(read: Sequence[_Read]) -> Iterator[Finding]:
    unknown = {each.said.word for each in read if each.said.word and each.said.state is None}
    silent = [each for each in read if not each.said.word and each.said.state is None]
    others = {each.said.word for each in read if each.said.word and each.said.word not in _USUAL_WORDS | unknown}
    if unknown:
        words = f"Receipts have words that nobody knows, and that change nothing: {_listed(unknown)}."
        yield Finding("words", Verdict.WRONG, words)
    if silent:
        yield Finding("words", Verdict.WRONG, "Receipts don't say what became of the message.")
    if others:
        words = f"Receipts have other words than the specification, which are understood: {_listed(others)}."
        yield Finding("words", Verdict.ODD, words)


def _listed(words: set[str]) -> str:
    return ", ".join(sorted(words))


def _judge_clock(read: Sequence[_Read]) -> Iterator[Finding]:
    dated = [(each.told.pdu, each.told.at_ms, each.said.done_at_ms) for each in read]
    offs = {round((done - at) / _QUARTER_MS) for _, at, done in dated if done is not None}
    if any(done is None for _, _, done in dated) and any(b"done" in body_of(pdu) for pdu, _, _ in dated):
        words = "Receipts have dates that can't be read: the moment when they come counts instead."
        yield Finding("dates", Verdict.ODD, words)
    if not offs - {0}:
        return
    minutes = 15 * max(offs, key=abs)
    again = [read_receipt(pdu, offset_minutes=minutes) for pdu, _, _ in dated] if abs(minutes) <= 840 else []
    near = [
        said is not None and said.done_at_ms is not None and abs(said.done_at_ms - at) <= _FAR_MS
        for said, (_, at, _) in zip(again, dated, strict=False)
    ]
    if near and all(near):
        words = f"Receipts are dated by a clock that is {minutes} minutes ahead of UTC, and don't say so."
        yield Finding("dates", Verdict.WRONG, words, {"receipt_offset_minutes": minutes})
    else:
        yield Finding("dates", Verdict.ODD, "Receipts are dated by a clock that is far from the time of day.")


# -- the way they come


def _judge_manner(awaited: Sequence[Sent], read: Sequence[_Read]) -> Iterator[Finding]:
    texts = [body_of(each.told.pdu).lower() for each in read]
    missing = [name for name in _FIELDS if any(text and name.encode() not in text for text in texts)]
    if missing:
        words = f"Texts of receipts lack {', '.join(name.rstrip(':') for name in missing)}, which nothing needs."
        yield Finding("fields", Verdict.ODD, words)
    for name, words, is_so in _MANNERS:
        if any(is_so(each.told.pdu) for each in read):
            yield Finding(name, Verdict.ODD, words)
    if any(_came_first(each, awaited) for each in read):
        words = "Receipts come before the response to their message; they are kept until it has come."
        yield Finding("receipt first", Verdict.ODD, words)
    if len({(each.said.ids, each.said.state, each.said.word) for each in read}) < len(read):
        yield Finding("repeated", Verdict.ODD, "Receipts come more than once; they count once.")
    if (told_of := len({each.said.ids for each in read})) < len(awaited):
        words = f"{len(awaited)} messages asked for a receipt, and it came for {told_of} in the time that there was."
        yield Finding("receipts", Verdict.OPEN, words)


def _came_first(receipt: _Read, awaited: Sequence[Sent]) -> bool:
    return any(
        receipt.told.order < each.answer.order and _fits(IdForm.AUTO, [each.message_id], receipt.said.ids)
        for each in awaited
    )


def _is_in_payload(pdu: DeliverSm | DataSm) -> bool:
    return isinstance(pdu, DeliverSm) and find(pdu.tlvs, Tag.MESSAGE_PAYLOAD) is not None


_MANNERS: Sequence[tuple[str, str, Callable[[DeliverSm | DataSm], bool]]] = (
    ("payload", "Receipts have their text in message_payload, where it is read, too.", _is_in_payload),
    ("data_sm", "Receipts come as data_sm, which is read, too.", lambda pdu: isinstance(pdu, DataSm)),
    ("no text", "Receipts say all in parameters, and have no text.", lambda pdu: not body_of(pdu)),
    (
        "alphabet of receipts",
        "Texts of receipts show that data_coding 0 of what is sent is the GSM alphabet, and of what comes Latin-1.",
        lambda pdu: pdu.data_coding == 0 and ECHO.encode("latin-1") in body_of(pdu),
    ),
)
ECHO = "£é"
"""Two characters that have other octets in the GSM alphabet than in Latin-1: some SMSCs repeat texts in receipts."""
