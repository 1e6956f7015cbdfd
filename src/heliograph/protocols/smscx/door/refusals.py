"""Our errors in the words of SMS.CX (reference: smscx.md, section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from heliograph.domain import errors
from heliograph.domain.errors import HeliographError, RequestError
from heliograph.doors.door import OwnRefusal
from heliograph.protocols.smscx import wire

DOCUMENTATION = "https://api.sms.cx/errors"


class SmscxRefusal(OwnRefusal):
    """An error that only SMS.CX knows."""

    def __init__(self, status: int, type: str, code: int, message: str, invalid: Sequence[str] = ()) -> None:
        super().__init__(message)
        self._status = status
        self._reply = _reply(type, code, message, invalid or msgspec.UNSET)

    def response(self) -> Response:
        return Response(msgspec.json.encode(self._reply), self._status, media_type="application/json")


def invalid_param(code: int, message: str, invalid: Sequence[str] = ()) -> SmscxRefusal:
    return SmscxRefusal(400, "invalid_param", code, message, invalid)


def invalid_numbers(invalid: Sequence[str], asked: int) -> SmscxRefusal:
    """1207 for one number that was asked alone, 1210 for one of several."""
    code, what = (1207, "The phone number is invalid.") if asked == 1 else (1210, "Some phone numbers are invalid.")
    return invalid_param(code, what, invalid)


class Codes(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers that one operation has for what can be wrong."""

    not_found: int = 0
    taken: int = 0
    taken_type: str = "duplicate_value"
    too_late: int = 1118
    locked: int = 1812
    fields: Mapping[str, tuple[int, int]] = {}
    """By field: if it is missing, if it is wrong."""
    by_class: Mapping[type[HeliographError], int] = {}
    """Of errors that other operations have other numbers for."""


_SENDING = {
    "to": (1104, 1104),
    "from": (1105, 1106),
    "text": (1107, 1107),
    "groups": (1101, 1140),
    "scheduledDate": (1108, 1108),
    "dlrCallbackUrl": (1109, 1109),
    "callback_url": (1109, 1109),
    "idempotencyId": (1111, 1111),
    "transliteration": (1135, 1135),
    "templateId": (1126, 1127),
    "strategy": (1120, 1120),
    "channel": (1123, 1123),
    "ttl": (1124, 1124),
    "alphabet": (1110, 1110),
    "removeEmojis": (1503, 1503),
}
_TOO_MANY_NUMBERS: Mapping[type[HeliographError], int] = {errors.TooManyItems: 1205}
_CONTACTS = {"phoneNumbers": (1203, 1208), "phoneNumber": (1203, 1207), "msisdn": (1203, 1207), "name": (1204, 1206)}
_TEMPLATES = {
    "text": (1801, 1802),
    "name": (1803, 1803),
    "channel": (1806, 1806),
    "button_caption": (1808, 1808),
    "target_url": (1809, 1809),
    "image_url": (1810, 1810),
}

SENDING = Codes(fields=_SENDING)
GROUPS = Codes(not_found=1200, taken=1211, fields=_CONTACTS, by_class=_TOO_MANY_NUMBERS)
CONTACTS = Codes(not_found=1202, taken=1215, fields=_CONTACTS)
TEMPLATES = Codes(not_found=1800, taken=1805, fields=_TEMPLATES)

OTP = Codes(
    not_found=2021,
    fields={
        "phoneNumber": (2001, 2020),
        "countryIso": (2002, 2003),
        "from": (2004, 2005),
        "template": (2006, 2006),
        "ttl": (2007, 2007),
        "maxAttempts": (2010, 2010),
        "pinType": (2013, 2014),
        "pinLength": (2015, 2015),
        "trackId": (2018, 2018),
        "otpCallbackUrl": (2019, 2019),
        "pin": (2022, 2022),
    },
    by_class={errors.InvalidCallbackUrl: 2019, errors.InvalidOriginator: 2005, errors.InvalidBody: 2006},
)
_NUMBERS = {"number": (1207, 1207), "phoneNumbers": (1203, 1208), "lookupCallbackUrl": (1209, 1209)}
NUMBERS = Codes(fields=_NUMBERS, by_class=_TOO_MANY_NUMBERS)
LOOKUP = Codes(not_found=1219, fields=_NUMBERS, by_class=_TOO_MANY_NUMBERS)
LOOKUPS = Codes(not_found=1220, fields=_NUMBERS, by_class=_TOO_MANY_NUMBERS)
RENT = Codes(
    not_found=1223,
    fields={
        "numberId": (1222, 1222),
        "rentPeriod": (1224, 1224),
        "rent_period": (1224, 1224),
        "rent_too_short": (1229, 1229),
        "autoRenew": (1225, 1225),
        "callbackUrl": (1226, 1226),
        "registrationId": (1234, 1234),
        "registration_id": (1234, 1234),
    },
    by_class={errors.InvalidCallbackUrl: 1226},
)
SHORTLINK = Codes(not_found=1400, taken=1407, fields={"url": (1401, 1402), "name": (1404, 1404)})
ATTACHMENT = Codes(not_found=1420)
CONVERSATION = Codes(
    not_found=1180,
    fields={"text": (1801, 1802), "richMedia": (1802, 1802)},
    by_class={errors.InvalidBody: 1802, errors.IdempotencyMismatch: 1111},
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
        Codes(not_found=1100),
    ),
    **dict.fromkeys(
        (
            "delete_scheduled_sms_campaign",
            "delete_scheduled_viber_campaign",
            "delete_scheduled_multichannel_campaign",
        ),
        Codes(not_found=1150),
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
    "rent_number": msgspec.structs.replace(RENT, not_found=1230),
    **dict.fromkeys(
        ("get_rent_status", "renew_rent", "edit_rent_settings", "cancel_rent", "get_inbound_sms"),
        RENT,
    ),
    "create_shortlink": msgspec.structs.replace(SHORTLINK, taken=1405, taken_type="duplicate_id"),
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
    "delete_contact_from_optouts_list": Codes(not_found=1202, locked=1443),
    "create_originator": Codes(
        taken=1306,
        fields={"originator": (1301, 1303), "originator_letters": (1304, 1304), "originator_digits": (1305, 1305)},
    ),
    "delete_originator": Codes(not_found=1300),
    "create_template": TEMPLATES,
    "update_template": TEMPLATES,
    "get_template": TEMPLATES,
    "delete_template": TEMPLATES,
    "get_application_settings": Codes(not_found=1500),
    "get_single_report": Codes(not_found=1160),
    "get_campaign_report": Codes(not_found=1150),
    "export_campaign_report_to_csv": Codes(not_found=1160),
    "export_campaign_report_to_xlsx": Codes(not_found=1160),
}
_NONE = Codes()


def reply_for(error: HeliographError, operation: str | None) -> tuple[int, wire.errors.ErrorReply]:
    """The status and body for an error of this operation; None: of no operation."""
    codes = CODES.get(operation or "", _NONE)
    status, type, code = _terms(error, codes)
    return status, _reply(type, code, error.message)


def _reply(
    type: str, code: int, message: str, invalid: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
) -> wire.errors.ErrorReply:
    # The list goes where the vendor's README reads it and where its model declares it.
    detail = wire.errors.ErrorDetail(type=type, code=code, message=message, uri=DOCUMENTATION, invalid=invalid)
    return wire.errors.ErrorReply(error=detail, invalid=invalid)


def _terms(error: HeliographError, codes: Codes) -> tuple[int, str, int]:
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
        return 400, "invalid_body", 0
    if isinstance(error, RequestError):
        return 400, "invalid_request", 0
    return 500, "server_error", 0


def _field_code(error: RequestError, codes: Codes) -> int:
    for name in reversed((error.field or "").replace("[...]", "").split(".")):
        if name in codes.fields:
            missing, wrong = codes.fields[name]
            return missing if isinstance(error, errors.MissingField) else wrong
    return 0


_BY_CLASS: Mapping[type[HeliographError], tuple[int, str, int]] = {
    errors.Unauthenticated: (401, "invalid_api_key", 0),
    errors.ScopeMissing: (403, "insufficient_scope", 0),
    errors.RateLimited: (429, "rate_limit", 0),
    errors.MethodNotAllowed: (405, "invalid_method", 0),
    errors.RequestTooLarge: (413, "invalid_body", 0),
    errors.UnsupportedMediaType: (415, "invalid_body", 0),
    errors.InsufficientCredit: (400, "insufficient_credit", 1113),
    errors.IdempotencyMismatch: (400, "duplicate_id", 1111),
    errors.TooManyRecipients: (400, "invalid_param", 1103),
    errors.NoRecipients: (400, "invalid_param", 1104),
    errors.InvalidOriginator: (400, "invalid_param", 1106),
    errors.InvalidBody: (400, "invalid_param", 1107),
    errors.InvalidSchedule: (400, "invalid_param", 1116),
    errors.InvalidCallbackUrl: (400, "invalid_param", 1109),
    errors.TooManyCodes: (429, "rate_limit", 0),
    errors.ChannelNotActive: (403, "access_denied", 1608),
    errors.OptedOut: (403, "access_denied", 0),
    errors.CodesRefused: (403, "access_denied", 0),
    errors.NoCoverage: (403, "no_coverage", 1119),
    errors.NotNow: (503, "server_error", 0),
}
