"""Our errors in the words of SMS.CX (reference: smscx.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from heliograph.domain import errors
from heliograph.domain.errors import HeliographError, RequestError
from heliograph.doors.door import OwnRefusal
from heliograph.protocols.smscx import wire
from heliograph.protocols.smscx.wire.errors import Code

DOCUMENTATION = "https://api.sms.cx/errors"


class SmscxRefusal(OwnRefusal):
    """An error that only SMS.CX knows."""

    def __init__(self, status: int, type: str, code: Code, message: str, invalid: Sequence[str] = ()) -> None:
        super().__init__(message)
        self._status = status
        self._reply = _reply(type, code, message, invalid or msgspec.UNSET)

    def response(self) -> Response:
        return Response(msgspec.json.encode(self._reply), self._status, media_type="application/json")


def invalid_param(code: Code, message: str, invalid: Sequence[str] = ()) -> SmscxRefusal:
    return SmscxRefusal(400, "invalid_param", code, message, invalid)


def invalid_numbers(invalid: Sequence[str], asked: int) -> SmscxRefusal:
    """A number that was asked alone has another code than one of several."""
    code, what = (
        (Code.NUMBER_INVALID, "The phone number is invalid.")
        if asked == 1
        else (Code.SOME_NUMBERS_INVALID, "Some phone numbers are invalid.")
    )
    return invalid_param(code, what, invalid)


CodesByField = Mapping[str, Code | tuple[Code, Code]]
"""One number, or one for a field that is missing and one for a field that is wrong."""


class Codes(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that one operation has for what can be wrong."""

    not_found: Code = Code.NONE
    taken: Code = Code.NONE
    taken_type: str = "duplicate_value"
    too_late: Code = Code.NOT_SCHEDULED
    locked: Code = Code.TEMPLATE_LOCKED
    fields: CodesByField = {}
    by_class: Mapping[type[HeliographError], Code] = {}
    """Of errors that other operations have other numbers for."""


_SENDING: CodesByField = {
    "to": Code.TO_MISSING,
    "from": (Code.FROM_MISSING, Code.FROM_INVALID),
    "text": Code.TEXT_MISSING,
    "groups": (Code.GROUPS_MISSING, Code.GROUP_TO_SEND_TO_UNKNOWN),
    "scheduledDate": Code.SCHEDULED_DATE_INVALID,
    "dlrCallbackUrl": Code.DLR_CALLBACK_URL_INVALID,
    "callback_url": Code.DLR_CALLBACK_URL_INVALID,
    "idempotencyId": Code.IDEMPOTENCY_ID_INVALID,
    "transliteration": Code.TRANSLITERATION_INVALID,
    "templateId": (Code.TEMPLATE_ID_MISSING, Code.TEMPLATE_ID_INVALID),
    "strategy": Code.STRATEGY_MISSING,
    "channel": Code.STRATEGY_CHANNEL_UNKNOWN,
    "ttl": Code.STRATEGY_TTL_INVALID,
    "alphabet": Code.ALPHABET_UNKNOWN,
    "removeEmojis": Code.REMOVE_EMOJIS_INVALID,
}
_TOO_MANY_NUMBERS: Mapping[type[HeliographError], Code] = {errors.TooManyItems: Code.TOO_MANY_NUMBERS}
_CONTACTS: CodesByField = {
    "phoneNumbers": (Code.NUMBERS_MISSING, Code.NUMBERS_INVALID),
    "phoneNumber": (Code.NUMBERS_MISSING, Code.NUMBER_INVALID),
    "msisdn": (Code.NUMBERS_MISSING, Code.NUMBER_INVALID),
    "name": (Code.GROUP_NAME_MISSING, Code.GROUP_NAME_LENGTH),
}
_TEMPLATES: CodesByField = {
    "text": (Code.TEMPLATE_TEXT_MISSING, Code.TEMPLATE_TEXT_INVALID),
    "name": Code.TEMPLATE_NAME_LENGTH,
    "channel": Code.TEMPLATE_CHANNEL_UNKNOWN,
    "button_caption": Code.BUTTON_CAPTION_LENGTH,
    "target_url": Code.TARGET_URL_INVALID,
    "image_url": Code.IMAGE_URL_INVALID,
}

SENDING = Codes(fields=_SENDING)
GROUPS = Codes(not_found=Code.GROUP_UNKNOWN, taken=Code.GROUP_NAME_TAKEN, fields=_CONTACTS, by_class=_TOO_MANY_NUMBERS)
CONTACTS = Codes(not_found=Code.CONTACT_UNKNOWN, taken=Code.CONTACT_NUMBER_TAKEN, fields=_CONTACTS)
TEMPLATES = Codes(not_found=Code.TEMPLATE_UNKNOWN, taken=Code.TEMPLATE_NAME_TAKEN, fields=_TEMPLATES)

OTP = Codes(
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
_NUMBERS: CodesByField = {
    "number": Code.NUMBER_INVALID,
    "phoneNumbers": (Code.NUMBERS_MISSING, Code.NUMBERS_INVALID),
    "lookupCallbackUrl": Code.LOOKUP_CALLBACK_URL_INVALID,
}
NUMBERS = Codes(fields=_NUMBERS, by_class=_TOO_MANY_NUMBERS)
LOOKUP = Codes(not_found=Code.LOOKUP_UNKNOWN, fields=_NUMBERS, by_class=_TOO_MANY_NUMBERS)
LOOKUPS = Codes(not_found=Code.BULK_LOOKUP_UNKNOWN, fields=_NUMBERS, by_class=_TOO_MANY_NUMBERS)
RENT = Codes(
    not_found=Code.RENT_UNKNOWN,
    fields={
        "numberId": Code.RENT_NUMBER_ID_INVALID,
        "rentPeriod": Code.RENT_PERIOD_INVALID,
        "rent_period": Code.RENT_PERIOD_INVALID,
        "rent_too_short": Code.RENT_PERIOD_TOO_SHORT,
        "autoRenew": Code.AUTO_RENEW_INVALID,
        "callbackUrl": Code.RENT_CALLBACK_URL_INVALID,
        "registrationId": Code.REGISTRATION_UNKNOWN,
        "registration_id": Code.REGISTRATION_UNKNOWN,
    },
    by_class={errors.InvalidCallbackUrl: Code.RENT_CALLBACK_URL_INVALID},
)
SHORTLINK = Codes(
    not_found=Code.SHORTLINK_UNKNOWN,
    taken=Code.SHORTLINK_NAME_TAKEN,
    fields={
        "url": (Code.SHORTLINK_URL_MISSING, Code.SHORTLINK_URL_INVALID),
        "name": Code.SHORTLINK_NAME_LENGTH,
    },
)
ATTACHMENT = Codes(not_found=Code.ATTACHMENT_UNKNOWN)
CONVERSATION = Codes(
    not_found=Code.CONVERSATION_UNKNOWN,
    fields={
        "text": (Code.TEMPLATE_TEXT_MISSING, Code.TEMPLATE_TEXT_INVALID),
        "richMedia": Code.TEMPLATE_TEXT_INVALID,
    },
    by_class={errors.InvalidBody: Code.TEMPLATE_TEXT_INVALID, errors.IdempotencyMismatch: Code.IDEMPOTENCY_ID_INVALID},
)

CODES: Mapping[str, Codes] = {
    **dict.fromkeys(
        (
            *("send_sms", "estimate_sms", "send_sms_campaign", "estimate_sms_campaign"),
            *("send_viber_message", "estimate_viber_message", "send_viber_campaign", "estimate_viber_campaign"),
            *("send_whatsapp_message", "estimate_whatsapp_message"),
            *("send_multichannel_message", "estimate_multichannel_message"),
            *("send_multichannel_campaign", "estimate_multichannel_campaign"),
        ),
        SENDING,
    ),
    **dict.fromkeys(
        (
            "delete_scheduled_sms",
            "delete_scheduled_viber_message",
            "delete_scheduled_whatsapp_message",
            "delete_scheduled_multichannel_message",
        ),
        Codes(not_found=Code.MESSAGE_UNKNOWN),
    ),
    **dict.fromkeys(
        (
            "delete_scheduled_sms_campaign",
            "delete_scheduled_viber_campaign",
            "delete_scheduled_multichannel_campaign",
        ),
        Codes(not_found=Code.CAMPAIGN_UNKNOWN),
    ),
    **dict.fromkeys(("new_otp", "get_otp_status", "verify_otp", "cancel_otp"), OTP),
    **dict.fromkeys(("validate_number", "validate_numbers", "lookup_number", "lookup_numbers"), NUMBERS),
    "get_single_lookup_status": LOOKUP,
    **dict.fromkeys(
        (
            "get_bulk_lookup_status",
            "export_number_lookup_report_to_csv",
            "export_number_lookup_report_to_xlsx",
        ),
        LOOKUPS,
    ),
    "rent_number": msgspec.structs.replace(RENT, not_found=Code.RENT_NUMBER_GONE),
    **dict.fromkeys(
        ("get_rent_status", "renew_rent", "edit_rent_settings", "cancel_rent", "get_inbound_sms"),
        RENT,
    ),
    "create_shortlink": msgspec.structs.replace(
        SHORTLINK, taken=Code.NEW_SHORTLINK_NAME_TAKEN, taken_type="duplicate_id"
    ),
    **dict.fromkeys(
        (
            "get_shortlink_hits",
            "update_shortlink",
            "delete_shortlink",
            "export_shortlink_hits_to_csv",
            "export_shortlink_hits_to_xlsx",
        ),
        SHORTLINK,
    ),
    **dict.fromkeys(
        (
            "get_attachment_hits",
            "delete_attachment",
            "export_attachment_hits_to_csv",
            "export_attachment_hits_to_xlsx",
        ),
        ATTACHMENT,
    ),
    **dict.fromkeys(
        (
            "get_conversation",
            "mark_conversation_as_read",
            "send_conversation_reply_sms",
            "send_conversation_reply_viber",
            "send_conversation_reply_whatsapp",
        ),
        CONVERSATION,
    ),
    "create_group": GROUPS,
    "get_group_details": GROUPS,
    "delete_group": GROUPS,
    "empty_group": GROUPS,
    "export_group_to_csv": GROUPS,
    "export_group_to_xlsx": GROUPS,
    "add_contacts_to_group": GROUPS,
    "update_contact_from_group": CONTACTS,
    "delete_contact_from_group": CONTACTS,
    "add_contact_to_optouts_list": GROUPS,
    "delete_contact_from_optouts_list": Codes(not_found=Code.CONTACT_UNKNOWN, locked=Code.OPTED_OUT_BY_THEMSELVES),
    "create_originator": Codes(
        taken=Code.ORIGINATOR_TAKEN,
        fields={
            "originator": (Code.ORIGINATOR_MISSING, Code.ORIGINATOR_CHARACTERS),
            "originator_letters": Code.ORIGINATOR_LETTERS_LENGTH,
            "originator_digits": Code.ORIGINATOR_DIGITS_LENGTH,
        },
    ),
    "delete_originator": Codes(not_found=Code.ORIGINATOR_UNKNOWN),
    "create_template": TEMPLATES,
    "update_template": TEMPLATES,
    "get_template": TEMPLATES,
    "delete_template": TEMPLATES,
    "get_application_settings": Codes(not_found=Code.APPLICATION_UNKNOWN),
    "get_single_report": Codes(not_found=Code.REPORT_UNKNOWN),
    "get_campaign_report": Codes(not_found=Code.CAMPAIGN_UNKNOWN),
    "export_campaign_report_to_csv": Codes(not_found=Code.REPORT_UNKNOWN),
    "export_campaign_report_to_xlsx": Codes(not_found=Code.REPORT_UNKNOWN),
}
_NONE = Codes()


def reply_for(error: HeliographError, operation: str | None) -> tuple[int, wire.errors.ErrorReply]:
    """The status and body for an error of this operation; None: of no operation."""
    codes = CODES.get(operation or "", _NONE)
    status, type, code = _terms(error, codes)
    return status, _reply(type, code, error.message)


def _reply(
    type: str, code: Code, message: str, invalid: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
) -> wire.errors.ErrorReply:
    # The list goes where the vendor's README reads it and where its model declares it.
    detail = wire.errors.ErrorDetail(type=type, code=code, message=message, uri=DOCUMENTATION, invalid=invalid)
    return wire.errors.ErrorReply(error=detail, invalid=invalid)


def _terms(error: HeliographError, codes: Codes) -> tuple[int, str, Code]:
    if isinstance(error, errors.NotFound):
        return 404, "not_found", codes.not_found
    if isinstance(error, errors.NameTaken):
        return 400, codes.taken_type, codes.taken
    if isinstance(error, errors.Locked):
        return 403, "access_denied", codes.locked
    if isinstance(error, errors.AlreadyDispatched):
        return 403, "access_denied", codes.too_late
    for kind, code in codes.by_class.items():
        if isinstance(error, kind):
            return 400, "invalid_param", code
    for kind, terms in _BY_CLASS.items():
        if isinstance(error, kind):
            return terms
    if isinstance(error, RequestError) and error.field:
        return 400, "invalid_param", _field_code(error, codes)
    if isinstance(error, errors.MalformedRequest):
        return 400, "invalid_body", Code.NONE
    if isinstance(error, RequestError):
        return 400, "invalid_request", Code.NONE
    return 500, "server_error", Code.NONE


def _field_code(error: RequestError, codes: Codes) -> Code:
    for name in reversed((error.field or "").replace("[...]", "").split(".")):
        match codes.fields.get(name):
            case Code() as code:
                return code
            case missing, wrong:
                return missing if isinstance(error, errors.MissingField) else wrong
    return Code.NONE


_BY_CLASS: Mapping[type[HeliographError], tuple[int, str, Code]] = {
    errors.Unauthenticated: (401, "invalid_api_key", Code.NONE),
    errors.ScopeMissing: (403, "insufficient_scope", Code.NONE),
    errors.RateLimited: (429, "rate_limit", Code.NONE),
    errors.MethodNotAllowed: (405, "invalid_method", Code.NONE),
    errors.RequestTooLarge: (413, "invalid_body", Code.NONE),
    errors.UnsupportedMediaType: (415, "invalid_body", Code.NONE),
    errors.InsufficientCredit: (400, "insufficient_credit", Code.BALANCE_TOO_LOW),
    errors.IdempotencyMismatch: (400, "duplicate_id", Code.IDEMPOTENCY_ID_INVALID),
    errors.TooManyRecipients: (400, "invalid_param", Code.TOO_MANY_RECIPIENTS),
    errors.NoRecipients: (400, "invalid_param", Code.TO_MISSING),
    errors.InvalidOriginator: (400, "invalid_param", Code.FROM_INVALID),
    errors.InvalidBody: (400, "invalid_param", Code.TEXT_MISSING),
    errors.InvalidSchedule: (400, "invalid_param", Code.SCHEDULED_DATE_PAST),
    errors.InvalidCallbackUrl: (400, "invalid_param", Code.DLR_CALLBACK_URL_INVALID),
    errors.TooManyCodes: (429, "rate_limit", Code.NONE),
    errors.ChannelNotActive: (403, "access_denied", Code.CHANNEL_NOT_ACTIVE),
    errors.OptedOut: (403, "access_denied", Code.NONE),
    errors.CodesRefused: (403, "access_denied", Code.NONE),
    errors.NoCoverage: (403, "no_coverage", Code.NO_COVERAGE),
    errors.NotNow: (503, "server_error", Code.NONE),
}
