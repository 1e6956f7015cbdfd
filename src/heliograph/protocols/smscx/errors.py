"""What a server of SMS.CX refuses, as exceptions of the client (reference: smscx.md, section 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from heliograph.calling import RemoteError
from heliograph.calling.documents import from_json
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.wire.errors import Code


class SmscxException(RemoteError):
    """An SMS.CX server did not do what it was asked."""

    def __init__(
        self, message: str, *, status: int, type: str = "", code: int = 0, invalid: Sequence[str] = ()
    ) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status."""
        self.type = type
        """What kind of error the server says it is; empty if its answer is none of the protocol's."""
        self.code = code
        self.invalid = invalid
        """The numbers that are none, if that is the error."""

    @property
    def vendor_code(self) -> str | None:
        return f"{self.type} {self.code}" if self.type else None


class InvalidRequestException(SmscxException):
    """Something in the request is not valid."""


class InvalidPhoneNumberException(InvalidRequestException):
    """The phone number, or some of several, are not valid."""


class InvalidScopeException(InvalidRequestException):
    """The application does not have this scope."""


class InsufficientBalanceException(InvalidRequestException):
    """The balance does not cover it."""


class DuplicateIdException(InvalidRequestException):
    """Another request had this identifier."""


class DuplicateValueException(InvalidRequestException):
    """Something else has this name or value."""


class InvalidCredentialsException(SmscxException):
    """The server does not take the key, the token, or the application's secret."""


class AccessDeniedException(SmscxException):
    """Nobody may do this."""


class InsufficientScopeException(SmscxException):
    """The token may not do this."""


class TemplateNotApprovedException(AccessDeniedException):
    """The channel's operator has not approved this template, or it is not locked."""


class ChannelNotActiveException(AccessDeniedException):
    """Nothing is sent by this channel."""


class OtpActionNotAllowedException(AccessDeniedException):
    """The code is not pending any more."""


class OtpException(InvalidRequestException):
    """The code can't be checked, or canceled."""


class OtpAlreadyVerifiedException(OtpException):
    """The code was entered correctly before."""


class OtpCancelledException(OtpException):
    """The code was canceled."""


class OtpExpiredException(OtpException):
    """The code has expired."""


class OtpFailedException(OtpException):
    """Too many codes were wrong."""


class InvalidPinException(OtpException):
    """This is not the code that was sent."""


class NoCoverageException(SmscxException):
    """Nothing is sent there."""


class ResourceNotFoundException(SmscxException):
    """There is no such thing in this account."""


class MethodNotAllowedException(SmscxException):
    """The address exists, but not for this method."""


class RateLimitExceededException(SmscxException):
    """More requests than the account may make."""

    reset_at: int | None = None
    """When to come again, in seconds since 1970, if the server said so."""


class ServerErrorException(SmscxException):
    """The SMS.CX server failed."""


class UnexpectedResponseException(SmscxException):
    """The server's answer is not one of the SMS.CX protocol."""


_BY_TYPE: Mapping[tuple[int, str], type[SmscxException]] = {
    (400, "insufficient_credit"): InsufficientBalanceException,
    (400, "duplicate_id"): DuplicateIdException,
    (400, "duplicate_value"): DuplicateValueException,
    (400, "invalid_scope"): InvalidScopeException,
    (400, "otp_verified"): OtpAlreadyVerifiedException,
    (400, "otp_cancelled"): OtpCancelledException,
    (400, "otp_expired"): OtpExpiredException,
    (400, "otp_failed"): OtpFailedException,
    (400, "invalid_pin"): InvalidPinException,
    (403, "no_coverage"): NoCoverageException,
    (403, "access_denied"): AccessDeniedException,
}
_BY_STATUS: Mapping[int, type[SmscxException]] = {
    400: InvalidRequestException,
    401: InvalidCredentialsException,
    403: InsufficientScopeException,
    404: ResourceNotFoundException,
    405: MethodNotAllowedException,
    429: RateLimitExceededException,
}
_INVALID_NUMBERS = {Code.NUMBER_INVALID, Code.SOME_NUMBERS_INVALID}
_INSTANT = re.compile("[0-9]{1,15}")
"""Seconds since 1970."""
_DENIED: Mapping[int, type[SmscxException]] = {
    Code.TEMPLATE_NOT_APPROVED: TemplateNotApprovedException,
    Code.TEMPLATE_NOT_LOCKED: TemplateNotApprovedException,
    Code.CHANNEL_INACTIVE: ChannelNotActiveException,
    Code.CHANNEL_NOT_ACTIVE: ChannelNotActiveException,
    Code.OTP_CANCELED_ALREADY: OtpCancelledException,
    Code.OTP_NOT_PENDING: OtpActionNotAllowedException,
}


def exception_for(status: int, body: bytes, headers: Mapping[str, str]) -> SmscxException:
    """Build the exception for an answer other than 2xx; `headers` have their names in lower case."""
    try:
        reply = from_json(body, wire.errors.ErrorReply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        foreign = ServerErrorException if status >= 500 else UnexpectedResponseException
        return foreign(f"The server answered {status}, in words of its own.", status=status)
    detail = reply.error
    kind = _BY_TYPE.get((status, detail.type)) or _BY_STATUS.get(status) or UnexpectedResponseException
    if status >= 500:
        kind = ServerErrorException
    if status == 400 and detail.type == "invalid_param" and detail.code in _INVALID_NUMBERS:
        kind = InvalidPhoneNumberException
    if status == 403 and detail.type == "access_denied":
        kind = _DENIED.get(detail.code, kind)
    invalid = next((found for found in (detail.invalid, reply.invalid) if found is not msgspec.UNSET), ())
    error = kind(detail.message, status=status, type=detail.type, code=detail.code, invalid=invalid or ())
    reset_at = headers.get("x-rate-limit-reset", "")
    if isinstance(error, RateLimitExceededException) and _INSTANT.fullmatch(reset_at):
        error.reset_at = int(reset_at)
    return error
