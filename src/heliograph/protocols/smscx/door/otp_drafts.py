"""From a request for a one-time code to a draft of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.bounded import count_in
from heliograph.domain.consent_links import optout_path
from heliograph.domain.errors import InvalidRecipient
from heliograph.domain.verifications import (
    ATTEMPTS,
    LENGTHS,
    PLACEHOLDER,
    TIMES_TO_LIVE_S,
    CodeKind,
    VerificationDraft,
    Wording,
)
from heliograph.numbers import InvalidNumber, compact
from heliograph.protocols.shared.uuids import is_random_uuid
from heliograph.protocols.smscx.door import reading
from heliograph.protocols.smscx.door.placeholders import Addresses, Personalising, require_links
from heliograph.protocols.smscx.door.refusals import invalid_param
from heliograph.protocols.smscx.door.resource import PROTOCOL, Places
from heliograph.protocols.smscx.door.settings import SETTINGS, settings_of
from heliograph.protocols.smscx.wire import otp as wire
from heliograph.protocols.smscx.wire.errors import Code
from heliograph.services.services import Services

Own = Mapping[str, Any]
"""The application's settings for codes, with the defaults of what it has not set."""

_PIN = "pin"
_KINDS = {
    "numbers": CodeKind.DIGITS,
    "letters": CodeKind.LETTERS,
    "alphanumeric": CodeKind.ALPHANUMERIC,
}


class Bounded(NamedTuple):
    """A number that a request can ask for, and the codes of what can be wrong with it."""

    name: str
    allowed: range
    invalid: Code
    too_small: Code
    too_large: Code


_TTL = Bounded("ttl", TIMES_TO_LIVE_S, Code.OTP_TTL_INVALID, Code.OTP_TTL_TOO_SHORT, Code.OTP_TTL_TOO_LONG)
_MAX_ATTEMPTS = Bounded(
    "maxAttempts", ATTEMPTS, Code.MAX_ATTEMPTS_INVALID, Code.MAX_ATTEMPTS_TOO_FEW, Code.MAX_ATTEMPTS_TOO_MANY
)
_PIN_LENGTH = Bounded("pinLength", LENGTHS, Code.PIN_LENGTH_INVALID, Code.PIN_TOO_SHORT, Code.PIN_TOO_LONG)


async def verification_draft(
    services: Services, caller: Principal, body: wire.NewOtp, places: Places
) -> VerificationDraft:
    """Read a request for a code. Raises a refusal for what is wrong with it, except for what the service finds."""
    own = {**SETTINGS["otp"], **await settings_of(services, caller, "otp")}
    msisdn = _msisdn(services, caller.account, body)
    if isinstance(body.track_id, str) and not is_random_uuid(body.track_id):
        raise invalid_param(Code.TRACK_ID_INVALID, "`trackId` is not a UUID.")
    kind = _kind(body, own)
    return VerificationDraft(
        number=f"+{msisdn}",
        wording=await _wording(services, caller.account, body, own, places, msisdn, kind),
        ttl_s=_number(_TTL, body.ttl, own),
        max_attempts=_number(_MAX_ATTEMPTS, body.max_attempts, own),
        client_reference=body.track_id.lower() if isinstance(body.track_id, str) else None,
        callback_url=_given(body.otp_callback_url, own, "otpCallback") or None,
        protocol=PROTOCOL,
    )


def _msisdn(services: Services, account: Account, body: wire.NewOtp) -> str:
    if not body.phone_number:
        raise invalid_param(Code.OTP_NUMBER_MISSING, "`phoneNumber` is empty.")
    region = reading.country(body.country_iso)
    if region is None and isinstance(body.country_iso, str) and body.country_iso:
        raise invalid_param(Code.COUNTRY_UNKNOWN, f"There is no country {body.country_iso!r}.")
    if region is None and not account.default_region and not _names_country(body.phone_number):
        raise invalid_param(Code.OTP_COUNTRY_MISSING, "A national number needs `countryIso`.")
    try:
        return services.numbers.validate(body.phone_number, region or account.default_region).msisdn
    except InvalidRecipient as error:
        raise invalid_param(Code.OTP_NUMBER_INVALID, error.message, [body.phone_number]) from error


def _names_country(number: str) -> bool:
    """Say whether a number begins with a plus or 00, or is not a number, which others refuse."""
    try:
        return compact(number).startswith(("+", "00"))
    except InvalidNumber:
        return True


def _kind(body: wire.NewOtp, own: Own) -> CodeKind:
    kind = _given(body.pin_type, own, "pinType").lower()
    if kind not in _KINDS:
        code = Code.PIN_TYPE_UNKNOWN if kind else Code.PIN_TYPE_MISSING
        raise invalid_param(code, "`pinType` is numbers, letters or alphanumeric.")
    return _KINDS[kind]


async def _wording(
    services: Services, account: Account, body: wire.NewOtp, own: Own, places: Places, msisdn: str, kind: CodeKind
) -> Wording:
    sender = _given(body.from_, own, "from").strip()
    if not sender:
        raise invalid_param(Code.OTP_FROM_MISSING, "`from` is missing.")
    if not reading.is_originator(sender):
        raise invalid_param(Code.OTP_FROM_INVALID, "`from` has 3 to 11 characters, or 3 to 15 digits.")
    template = _given(body.template, own, "template")
    if not template:
        raise invalid_param(Code.OTP_TEMPLATE_WITHOUT_PIN, "`template` is missing.")
    await require_links(services.links, account, [template])
    addresses = Addresses(lambda to: places.base_url + optout_path(account, to), places.short_url)
    personal = Personalising([(msisdn, None)], addresses, kept={_PIN: PLACEHOLDER})
    text = personal.body(template)
    if f"${{{PLACEHOLDER}}}" not in text:
        raise invalid_param(Code.OTP_TEMPLATE_WITHOUT_PIN, "`template` has no {{pin}} in it.")
    return Wording(
        text=text,
        values={name: values.get(msisdn, values.get("default", "")) for name, values in personal.parameters.items()},
        originator=sender,
        kind=kind,
        length=_number(_PIN_LENGTH, body.pin_length, own),
    )


def _given(asked: object, own: Own, name: str) -> str:
    """Return what a request says, or else what the application has set; empty if neither does."""
    value = asked if isinstance(asked, str | int) else own.get(name)
    return "" if value is None else str(value)


def _number(wanted: Bounded, asked: object, own: Own) -> int:
    value = count_in(_given(asked, own, wanted.name))
    if value is None:
        raise invalid_param(wanted.invalid, f"`{wanted.name}` is not a number.")
    if value not in wanted.allowed:
        code = wanted.too_small if value < wanted.allowed.start else wanted.too_large
        raise invalid_param(code, f"`{wanted.name}` is from {wanted.allowed.start} to {wanted.allowed.stop - 1}.")
    return value
