"""One-time codes: sent, checked, and canceled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from heliograph.domain import errors
from heliograph.domain.bounded import count_in
from heliograph.domain.consent_links import optout_path
from heliograph.domain.errors import (
    AlreadyVerified,
    InvalidRecipient,
    VerificationCanceled,
    VerificationExpired,
    VerificationFailed,
    VerificationOver,
    WrongCode,
)
from heliograph.domain.verifications import (
    ATTEMPTS,
    LENGTHS,
    PLACEHOLDER,
    TIMES_TO_LIVE_S,
    CodeKind,
    Verification,
    VerificationDraft,
    VerificationStatus,
    Wording,
)
from heliograph.doors import AnyCall, Call
from heliograph.numbers import InvalidNumber, compact, country_of
from heliograph.protocols.shared.uuids import is_random_uuid, to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.placeholders import Addresses, Personalising, require_links
from heliograph.protocols.smscx.door.refusals import Codes, SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.resource import PROTOCOL, SmscxResource, operation
from heliograph.protocols.smscx.door.settings import SETTINGS, settings_of
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import otp as wire
from heliograph.protocols.smscx.wire.errors import Code

_PIN = "pin"
_KINDS = {
    "numbers": CodeKind.DIGITS,
    "letters": CodeKind.LETTERS,
    "alphanumeric": CodeKind.ALPHANUMERIC,
}
_STATUSES = {
    VerificationStatus.PENDING: "PENDING",
    VerificationStatus.VERIFIED: "VERIFIED",
    VerificationStatus.EXPIRED: "EXPIRED",
    VerificationStatus.CANCELED: "CANCELLED",
    VerificationStatus.FAILED: "FAILED",
}
_CODES = Codes(
    not_found=Code.OTP_UNKNOWN,
    fields={
        "phoneNumber": (Code.OTP_NUMBER_MISSING, Code.OTP_NUMBER_INVALID),
        "countryIso": (Code.OTP_COUNTRY_MISSING, Code.COUNTRY_UNKNOWN),
        "from": (Code.OTP_FROM_MISSING, Code.OTP_FROM_INVALID),
        "template": Code.OTP_TEMPLATE_WITHOUT_PIN,
        "ttl": Code.OTP_TTL_INVALID,
        "maxAttempts": Code.MAX_ATTEMPTS_INVALID,
        "pinType": (Code.PIN_TYPE_MISSING, Code.PIN_TYPE_UNKNOWN),
        "pinLength": Code.PIN_LENGTH_INVALID,
        "trackId": Code.TRACK_ID_INVALID,
        "otpCallbackUrl": Code.OTP_CALLBACK_URL_INVALID,
        "pin": Code.PIN_MISSING,
    },
    by_class={
        errors.InvalidCallbackUrl: Code.OTP_CALLBACK_URL_INVALID,
        errors.InvalidOriginator: Code.OTP_FROM_INVALID,
        errors.InvalidBody: Code.OTP_TEMPLATE_WITHOUT_PIN,
    },
)


class OneTimeCodes(SmscxResource):
    operations = (
        operation(
            "POST",
            "/otp",
            "new_otp",
            "Send a one-time code.",
            request=wire.NewOtp,
            response=wire.Otp,
            status=201,
            codes=_CODES,
        ),
        operation(
            "GET", "/otp/{otp_id}", "get_otp_status", "Get what has become of a code.", response=wire.Otp, codes=_CODES
        ),
        operation(
            "POST",
            "/otp/{otp_id}",
            "verify_otp",
            "Hold a code against the one that was sent. A wrong one is an InvalidPinException, and counted.",
            request=wire.VerifyPin,
            response=wire.VerifiedPin,
            codes=_CODES,
        ),
        operation(
            "DELETE", "/otp/{otp_id}", "cancel_otp", "Make a code worthless.", response=common.TextIdReply, codes=_CODES
        ),
    )

    async def new_otp(self, call: Call[None, wire.NewOtp]) -> wire.Otp:
        return otp(await self._services.verify.start(call.account, await self._draft(call)))

    async def get_otp_status(self, call: Call[None, None]) -> wire.Otp:
        return otp(await self._services.verify.get(call.account, reading.known(call.path["otp_id"])))

    async def verify_otp(self, call: Call[None, wire.VerifyPin]) -> wire.VerifiedPin:
        pin = str(call.body.pin)
        if not pin:
            raise invalid_param(Code.PIN_MISSING, "`pin` is empty.")
        try:
            verified = await self._services.verify.check(call.account, reading.known(call.path["otp_id"]), pin)
        except WrongCode as error:
            raise SmscxRefusal(400, "invalid_pin", Code.PIN_WRONG, error.message) from error
        except VerificationOver as error:
            raise _over(error) from error
        return wire.VerifiedPin(status=_STATUSES[verified.status])

    async def cancel_otp(self, call: Call[None, None]) -> common.TextIdReply:
        try:
            await self._services.verify.cancel(call.account, reading.known(call.path["otp_id"]))
        except VerificationOver as error:
            code = Code.OTP_CANCELED_ALREADY if isinstance(error, VerificationCanceled) else Code.OTP_NOT_PENDING
            raise SmscxRefusal(403, "access_denied", code, error.message) from error
        return common.TextIdReply(info=common.TextIdInfo(id=call.path["otp_id"]))

    async def _draft(self, call: Call[None, wire.NewOtp]) -> VerificationDraft:
        """Raises 2001 to 2020, but what the service finds."""
        body = call.body
        own = {**SETTINGS["otp"], **await settings_of(self._services, call.principal, "otp")}
        if not body.phone_number:
            raise invalid_param(Code.OTP_NUMBER_MISSING, "`phoneNumber` is empty.")
        region = reading.country(body.country_iso)
        if region is None and isinstance(body.country_iso, str) and body.country_iso:
            raise invalid_param(Code.COUNTRY_UNKNOWN, f"There is no country {body.country_iso!r}.")
        if region is None and not call.account.default_region and not _names_country(body.phone_number):
            raise invalid_param(Code.OTP_COUNTRY_MISSING, "A national number needs `countryIso`.")
        try:
            facts = self._services.numbers.validate(body.phone_number, region or call.account.default_region)
        except InvalidRecipient as error:
            raise invalid_param(Code.OTP_NUMBER_INVALID, error.message, [body.phone_number]) from error
        if isinstance(body.track_id, str) and not is_random_uuid(body.track_id):
            raise invalid_param(Code.TRACK_ID_INVALID, "`trackId` is not a UUID.")
        kind = _given(body.pin_type, own, "pinType").lower()
        if kind not in _KINDS:
            raise invalid_param(
                Code.PIN_TYPE_UNKNOWN if kind else Code.PIN_TYPE_MISSING,
                "`pinType` is numbers, letters or alphanumeric.",
            )
        return VerificationDraft(
            number=f"+{facts.msisdn}",
            wording=await self._wording(call, body, own, facts.msisdn, _KINDS[kind]),
            ttl_s=_number(
                _given(body.ttl, own, "ttl"),
                TIMES_TO_LIVE_S,
                "ttl",
                (Code.OTP_TTL_INVALID, Code.OTP_TTL_TOO_SHORT, Code.OTP_TTL_TOO_LONG),
            ),
            max_attempts=_number(
                _given(body.max_attempts, own, "maxAttempts"),
                ATTEMPTS,
                "maxAttempts",
                (Code.MAX_ATTEMPTS_INVALID, Code.MAX_ATTEMPTS_TOO_FEW, Code.MAX_ATTEMPTS_TOO_MANY),
            ),
            client_reference=body.track_id.lower() if isinstance(body.track_id, str) else None,
            callback_url=_given(body.otp_callback_url, own, "otpCallback") or None,
            protocol=PROTOCOL,
        )

    async def _wording(
        self, call: AnyCall, body: wire.NewOtp, own: Mapping[str, Any], msisdn: str, kind: CodeKind
    ) -> Wording:
        sender = _given(body.from_, own, "from").strip()
        if not sender:
            raise invalid_param(Code.OTP_FROM_MISSING, "`from` is missing.")
        if not 3 <= len(sender) <= 15 or (len(sender) > 11 and not sender.lstrip("+").isdecimal()):
            raise invalid_param(Code.OTP_FROM_INVALID, "`from` has 3 to 11 characters, or 3 to 15 digits.")
        template = _given(body.template, own, "template")
        if not template:
            raise invalid_param(Code.OTP_TEMPLATE_WITHOUT_PIN, "`template` is missing.")
        await require_links(self._services.links, call.account, [template])
        places = self.places(call)
        addresses = Addresses(lambda to: places.base_url + optout_path(call.account, to), places.short_url)
        personal = Personalising([(msisdn, None)], addresses, kept={_PIN: PLACEHOLDER})
        text = personal.body(template)
        if f"${{{PLACEHOLDER}}}" not in text:
            raise invalid_param(Code.OTP_TEMPLATE_WITHOUT_PIN, "`template` has no {{pin}} in it.")
        return Wording(
            text=text,
            values={
                name: values.get(msisdn, values.get("default", "")) for name, values in personal.parameters.items()
            },
            originator=sender,
            kind=kind,
            length=_number(
                _given(body.pin_length, own, "pinLength"),
                LENGTHS,
                "pinLength",
                (Code.PIN_LENGTH_INVALID, Code.PIN_TOO_SHORT, Code.PIN_TOO_LONG),
            ),
        )


def otp(verification: Verification) -> wire.Otp:
    return wire.Otp(
        otp_id=to_uuid(verification.id),
        track_id=shapes.track(verification.client_reference),
        phone_number=f"+{verification.msisdn}",
        country_iso=country_of(verification.msisdn) or shapes.NO_COUNTRY,
        status=_STATUSES[verification.status],
        cost=shapes.money(verification.price),
        parts=verification.parts,
        max_attempts=verification.max_attempts,
        attempts=verification.attempts,
        ttl=verification.ttl_s,
        otp_callback_url=verification.callback_url,
        date_created=shapes.when(verification.created_at),
        date_expires=shapes.when(verification.expires_at),
    )


def _given(asked: object, own: Mapping[str, Any], name: str) -> str:
    """What a request says, else what the application has set; empty if neither does."""
    value = asked if isinstance(asked, str | int) else own.get(name)
    return "" if value is None else str(value)


def _names_country(number: str) -> bool:
    """Whether it begins with a plus or 00; what is no number is for others to refuse."""
    try:
        return compact(number).startswith(("+", "00"))
    except InvalidNumber:
        return True


def _number(text: str, allowed: range, name: str, codes: tuple[Code, Code, Code]) -> int:
    """`codes` are for what is no number, too small, and too large."""
    value = count_in(text)
    if value is None:
        raise invalid_param(codes[0], f"`{name}` is not a number.")
    if value not in allowed:
        code = codes[1] if value < allowed.start else codes[2]
        raise invalid_param(code, f"`{name}` is from {allowed.start} to {allowed.stop - 1}.")
    return value


def _over(error: VerificationOver) -> SmscxRefusal:
    just_now = bool(error.facts.get("just_now"))
    type, code = {
        AlreadyVerified: ("otp_verified", Code.OTP_VERIFIED),
        VerificationCanceled: ("otp_cancelled", Code.OTP_CANCELED),
        VerificationExpired: ("otp_expired", Code.OTP_EXPIRED_NOW if just_now else Code.OTP_EXPIRED),
        VerificationFailed: ("otp_failed", Code.OTP_FAILED_NOW if just_now else Code.OTP_FAILED),
    }.get(error.__class__, ("otp_expired", Code.OTP_EXPIRED))
    return SmscxRefusal(400, type, code, error.message)
