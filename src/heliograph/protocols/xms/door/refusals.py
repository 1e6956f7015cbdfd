"""Our errors in the words of XMS."""

from __future__ import annotations

from heliograph.domain import errors

#: Our class, the HTTP status and the code. The nearest ancestor counts; what has none keeps its own status and code.
CODES: dict[type[errors.HeliographError], tuple[int, str]] = {
    errors.ChangedMeanwhile: (409, "changed_meanwhile"),  # XMS has no 412
    errors.MalformedRequest: (400, "syntax_invalid_json"),
    errors.InvalidField: (400, "syntax_constraint_violation"),
    errors.InvalidRecipient: (400, "syntax_invalid_parameter_format"),
    errors.InvalidOriginator: (400, "syntax_invalid_parameter_format"),
    errors.UnknownGroup: (403, "unknown_group"),
    errors.GroupNameTaken: (403, "conflict_group_name"),
    errors.InvalidCallbackUrl: (400, "syntax_invalid_parameter_format"),
    errors.RateLimited: (429, "rate_limit_exceeded"),
    errors.RequestTooLarge: (413, "request_too_large"),
    errors.UnsupportedMediaType: (415, "unsupported_media_type"),
    errors.MethodNotAllowed: (405, "method_not_allowed"),
    errors.InsufficientCredit: (403, "insufficient_credit"),
    errors.MissingCallbackUrl: (403, "missing_callback_url"),
    errors.AlreadyDispatched: (403, "batch_already_dispatched"),
}


def code_for(error: errors.HeliographError) -> tuple[int, str]:
    for ancestor in type(error).__mro__:
        if ancestor in CODES:
            return CODES[ancestor]
    return error.http_status, error.code
