"""One-time codes: sent, checked, and canceled."""

from __future__ import annotations

from heliograph.domain import errors
from heliograph.domain.errors import (
    AlreadyVerified,
    VerificationCanceled,
    VerificationExpired,
    VerificationFailed,
    VerificationOver,
    WrongCode,
)
from heliograph.domain.verifications import (
    Verification,
    VerificationStatus,
)
from heliograph.doors import Call
from heliograph.numbers import country_of
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.otp_drafts import verification_draft
from heliograph.protocols.smscx.door.refusals import Codes, SmscxRefusal, invalid_param
from heliograph.protocols.smscx.door.resource import SmscxResource, operation
from heliograph.protocols.smscx.wire import common
from heliograph.protocols.smscx.wire import otp as wire
from heliograph.protocols.smscx.wire.errors import Code

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
            "GET",
            "/otp/{otp_id}",
            "get_otp_status",
            "Get the status of a one-time code.",
            response=wire.Otp,
            codes=_CODES,
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
        draft = await verification_draft(self._services, call.principal, call.body, self.places(call))
        return otp(await self._services.verify.start(call.account, draft))

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


def otp(verification: Verification) -> wire.Otp:
    """Describe what has become of a code; the code itself is nowhere told."""
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


def _over(error: VerificationOver) -> SmscxRefusal:
    just_now = bool(error.facts.get("just_now"))
    type, code = {
        AlreadyVerified: ("otp_verified", Code.OTP_VERIFIED),
        VerificationCanceled: ("otp_cancelled", Code.OTP_CANCELED),
        VerificationExpired: ("otp_expired", Code.OTP_EXPIRED_NOW if just_now else Code.OTP_EXPIRED),
        VerificationFailed: ("otp_failed", Code.OTP_FAILED_NOW if just_now else Code.OTP_FAILED),
    }.get(error.__class__, ("otp_expired", Code.OTP_EXPIRED))
    return SmscxRefusal(400, type, code, error.message)
