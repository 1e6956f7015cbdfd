"""What clients are answered that can't have what they ask for: our errors in the codes of the specification (5.1.3)."""

from __future__ import annotations

from collections.abc import Mapping

from heliograph.domain.errors import (
    AddressNotAllowed,
    HeliographError,
    InternalError,
    InvalidBody,
    InvalidOriginator,
    InvalidRecipient,
    InvalidSchedule,
    NoCoverage,
    NoRecipients,
    NotFound,
    NotNow,
    RateLimited,
    TooManyLogins,
    TooManyRecipients,
    Unauthenticated,
)
from heliograph.protocols.smpp.wire.status import CommandStatus

_S = CommandStatus
#: What an error is called in SMPP; one that is not here, by the class above it. What is here by no class says only that
#: the operation failed, in the operation's own code.
STATUSES: Mapping[type[HeliographError], CommandStatus] = {
    InvalidRecipient: _S.RINVDSTADR,
    NoCoverage: _S.RINVDSTADR,
    NoRecipients: _S.RINVNUMDESTS,
    TooManyRecipients: _S.RINVNUMDESTS,
    InvalidOriginator: _S.RINVSRCADR,
    InvalidBody: _S.RINVMSGLEN,
    InvalidSchedule: _S.RINVSCHED,
    NotFound: _S.RINVMSGID,
    RateLimited: _S.RTHROTTLED,
    NotNow: _S.RMSGQFUL,
    InternalError: _S.RSYSERR,
    # Of binds:
    Unauthenticated: _S.RINVPASWD,
    AddressNotAllowed: _S.RBINDFAIL,
    TooManyLogins: _S.RBINDFAIL,
}


class Refused(Exception):
    """A request breaks a rule that only SMPP has a word for."""

    def __init__(self, status: CommandStatus) -> None:
        super().__init__(status.name)
        self.status = status


def status_of(error: HeliographError | Refused, failed: CommandStatus) -> CommandStatus:
    """Return the code for an error; `failed`, where nothing more can be said than that the operation failed."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, InvalidSchedule) and error.field == "expire_at":
        return CommandStatus.RINVEXPIRY
    return next((STATUSES[each] for each in type(error).__mro__ if each in STATUSES), failed)
