"""What an SMSC's answer to a submit means for the message.

A status other than 0 says that it was not taken, whatever it is; the question is only whose fault it was, and whether
the same may be taken later.
"""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.protocols.shared.answers import AWAY, BUSY, REFUSED, TO_BE_MENDED, Meaning, NotAccepted
from heliograph.protocols.smpp.provider.config import Manners
from heliograph.protocols.smpp.wire.pdus import Pdu
from heliograph.protocols.smpp.wire.status import CommandStatus, code, told
from heliograph.protocols.smpp.wire.tlvs import Tag, text_in

_S = CommandStatus
TOO_FAST = frozenset({int(_S.RTHROTTLED), int(_S.RMSGQFUL)})
"""The line waits, and says the same again."""
_MEANINGS: Mapping[int, Meaning] = {
    _S.RINVBNDSTS: TO_BE_MENDED,
    _S.RALYBND: TO_BE_MENDED,
    _S.RINVCMDID: TO_BE_MENDED,
    _S.RBINDFAIL: TO_BE_MENDED,
    _S.RINVPASWD: TO_BE_MENDED,
    _S.RINVSYSID: TO_BE_MENDED,
    _S.RINVSYSTYP: TO_BE_MENDED,
    _S.RINVSERTYP: TO_BE_MENDED,
    _S.RSYSERR: AWAY,
    _S.RTHROTTLED: BUSY,
    _S.RMSGQFUL: BUSY,
    _S.RSUBMITFAIL: BUSY,
    _S.RX_T_APPN: BUSY,
}
_REFUSING = frozenset(_S) - _MEANINGS.keys() - {_S.ROK, _S.RUNKNOWNERR}
"""All others that the specification has: something in the message can't be."""


def too_fast(manners: Manners) -> frozenset[int]:
    """Collect the statuses after which a line waits, and says the same again."""
    return TOO_FAST | frozenset(manners.slow_statuses)


def meaning(status: int, manners: Manners) -> Meaning:
    """Tell what a status other than 0 means: what is set for this SMSC comes before the specification."""
    if status in manners.refused_statuses:
        return REFUSED
    if status in manners.again_statuses or status in manners.slow_statuses:
        return BUSY
    if status in _MEANINGS:
        return _MEANINGS[status]
    if status in _REFUSING:
        return REFUSED
    return REFUSED if manners.unknown_status == "refused" else BUSY


def outcome(response: Pdu, manners: Manners) -> NotAccepted:
    """Tell what became of a message whose submit was answered with a status other than 0."""
    said = text_in(response.tlvs, Tag.ADDITIONAL_STATUS_INFO_TEXT)
    detail = told(response.status) if said is None else f"{told(response.status)}: {said}"
    return meaning(response.status, manners).outcome(None, code(response.status), detail)
