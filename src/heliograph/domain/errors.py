"""Every failure that a caller can be told about, as one tree.

    HeliographError
    ├── RequestError              the caller's request cannot be carried out as it stands
    │   ├── MalformedRequest      ... it could not even be read
    │   ├── InvalidField          ... a value breaks a rule
    │   ├── AccessError           ... the caller may not
    │   └── Conflict              ... it no longer fits what is stored
    ├── NotNow                    nothing is wrong with the request: try again later
    ├── SetupError                this process cannot start; one sentence for the terminal, exit code 2
    └── InternalError             our fault

Each class carries `code` (unique, stable, for programs), `http_status`, `retryable` (the same request may succeed
later, unchanged) and `hint` (what to do, for people). A door translates classes to its protocol's own codes in its
`errors.py`; nothing else in a door decides what an error looks like.
"""

from __future__ import annotations

from typing import ClassVar


class HeliographError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "error"
    http_status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    hint: ClassVar[str] = ""
    retry_after_s: ClassVar[int | None] = None
    """After how many seconds the same request may succeed; None: nobody can say."""

    status: int | None = None
    """The HTTP status that a server answered with; None if none did. Only clients set it."""
    request_id: str | None = None
    """The name of the request in the server's log; None if it has none. Only clients set it."""

    def __init__(self, message: str | None = None, *, field: str | None = None, **facts: object) -> None:
        """Set the message, which defaults to the class's docstring.

        `field` names the offending field, if there is one.
        """
        self.message = message or first_sentence(type(self))
        self.field = field
        self.facts = facts
        super().__init__(self.message)


def first_sentence(kind: type[HeliographError]) -> str:
    """Return the sentence that says what kind of error it is."""
    return (kind.__doc__ or "").strip().splitlines()[0]


class RequestError(HeliographError):
    """The request cannot be carried out as it stands."""

    code = "invalid_request"
    http_status = 400
    hint = "Compare the request with the API reference."


class MalformedRequest(RequestError):
    """The request could not be read."""

    code = "malformed_request"
    hint = "Send a JSON document that fits the operation's schema."


class UnknownField(MalformedRequest):
    """The request has a field that this operation does not know."""

    code = "unknown_field"
    hint = "Check the spelling of the field against the API reference."


class WrongType(MalformedRequest):
    """A field's value is of the wrong kind."""

    code = "wrong_type"
    hint = "Compare the field's type with the API reference."


class RequestTooLarge(MalformedRequest):
    """The request's body is larger than this server takes."""

    code = "request_too_large"
    http_status = 413
    hint = "Split the recipients over several batches, or raise the setting `max_body_bytes`."


class UnsupportedMediaType(MalformedRequest):
    """The request's body is not in a form that this operation reads."""

    code = "unsupported_media_type"
    http_status = 415
    hint = "Send the header Content-Type: application/json."


class MethodNotAllowed(MalformedRequest):
    """This address exists, but not for this method."""

    code = "method_not_allowed"
    http_status = 405
    hint = "The Allow header lists the methods that this address takes."


class InvalidField(RequestError):
    """A value breaks a rule."""

    code = "invalid_field"
    hint = "Correct the named field."


class MissingField(InvalidField):
    """A required field is missing."""

    code = "missing_field"
    hint = "Add the named field."


class InvalidRecipient(InvalidField):
    """A recipient is not a phone number."""

    code = "invalid_recipient"
    hint = "Write numbers in international form, such as +33612345678."


class NoRecipients(InvalidField):
    """The request names nobody to send to."""

    code = "no_recipients"
    hint = "Give at least one recipient."


class TooManyItems(InvalidField):
    """A list or a map has more items than this server takes."""

    code = "too_many_items"
    hint = "Split the request; the limits page of the documentation has every limit."


class TooManyRecipients(TooManyItems):
    """The request names more recipients than one batch may have."""

    code = "too_many_recipients"
    hint = "Split the recipients over several batches."


class UnreadableFile(InvalidField):
    """The file is not one that contacts can be read from."""

    code = "unreadable_file"
    hint = "Give a CSV file, a workbook (XLSX) or vCards, with a column or a property of phone numbers."


class UnknownGroup(InvalidField):
    """There is no such group in this account."""

    code = "unknown_group"
    hint = "Check the group's identifier; it may have been deleted."


class UnknownTemplate(InvalidField):
    """There is no such template in this account."""

    code = "unknown_template"
    hint = "Name a template by its number or its name; one for another channel is another template."


class InvalidOriginator(InvalidField):
    """The originator is neither a number, a short code, nor a name of at most 11 characters."""

    code = "invalid_originator"
    hint = "Use a number in international form, a short code of 3 to 6 digits, or up to 11 letters and digits."


class OriginatorNotAllowed(InvalidOriginator):
    """The account may not send from this originator."""

    code = "originator_not_allowed"
    http_status = 403
    hint = "Send from one of the account's originators, or have this one allowed: `heliograph accounts change`."


class InvalidBody(InvalidField):
    """The message has no body, or one that cannot be sent."""

    code = "invalid_body"
    hint = "Give a text that is not empty, or binary data that fits in one part with its header."


class InvalidSchedule(InvalidField):
    """The times given for sending and expiry do not fit together."""

    code = "invalid_schedule"
    hint = "`expire_at` must lie after `send_at` and in the future."


class InvalidCallbackUrl(InvalidField):
    """The callback URL may not be called."""

    code = "invalid_callback_url"
    hint = "Use a public http or https URL, or let the operator allow its network in `callback_networks`."


class MissingCallbackUrl(InvalidField):
    """Reports are to be called back, but there is no URL to call."""

    code = "missing_callback_url"
    hint = "Give a callback URL with the batch, or set the account's default."


class InsufficientCredit(RequestError):
    """The account's balance does not cover this."""

    code = "insufficient_credit"
    http_status = 402
    hint = "Top up the account, or send to fewer recipients."


class CapReached(InsufficientCredit):
    """The account has sent as much as it may in this day or month."""

    code = "cap_reached"
    hint = "Wait for the next day or month (UTC), or have the cap raised: `heliograph accounts change`."


class AccessError(RequestError):
    """The caller may not do this."""

    code = "forbidden"
    http_status = 403
    hint = "Use a credential that may."


class Unauthenticated(AccessError):
    """The credential is missing or not valid."""

    code = "unauthenticated"
    http_status = 401
    hint = "Send the header Authorization: Bearer TOKEN with a token of this installation."


class SignInRefused(Unauthenticated):
    """What an issuer says does not let anybody in."""

    code = "sign_in_refused"
    hint = "Begin anew at the sign-in page."


class AddressNotAllowed(AccessError):
    """The credential is not good from the address that the request came from."""

    code = "address_not_allowed"
    hint = "Call from an address that is allowed, or have this one allowed."


class ScopeMissing(AccessError):
    """The credential does not have the scope that this operation needs."""

    code = "scope_missing"
    hint = "Create a credential with the named scope."


class NotFound(RequestError):
    """There is no such thing in this account."""

    code = "not_found"
    http_status = 404
    hint = "Check the identifier, and that the credential belongs to the account that owns it."


class Conflict(RequestError):
    """The request no longer fits what is stored."""

    code = "conflict"
    http_status = 409
    hint = "Read the current state and decide again."


class IdempotencyMismatch(Conflict):
    """This idempotency key was used before, for a different request."""

    code = "idempotency_mismatch"
    hint = "Use a new key for a new request; repeat the old request unchanged to get its first answer."


class ChangedMeanwhile(Conflict):
    """Somebody has changed this since you have seen it."""

    code = "changed_meanwhile"
    http_status = 412
    hint = "Read it again, and decide whether the change still fits; the new `etag` goes into If-Match."


class RequestInProgress(Conflict):
    """The first request with this idempotency key is still being carried out."""

    code = "request_in_progress"
    retryable = True
    retry_after_s = 1
    hint = "Repeat the request in a moment: it is answered as the first one was."


class AlreadyDispatched(Conflict):
    """Sending has begun, so this can no longer be changed."""

    code = "already_dispatched"
    hint = "Cancel what has not been sent, and create a new batch for the rest."


class NotFinished(Conflict):
    """The message is still on its way."""

    code = "not_finished"
    hint = "Wait until it is settled, or cancel it."


class NotGivenUp(Conflict):
    """This callback was not given up, so there is nothing to tell anew."""

    code = "not_given_up"
    hint = "What waits is told by itself; what was taken was answered with success."


class NothingToUndo(Conflict):
    """This import can't be undone: it is still running, was only a dry run, or is undone already."""

    code = "nothing_to_undo"
    hint = "Wait until the import is done; what changed nothing needs no undoing."


class OneOfMany(Conflict):
    """The text is that of other messages of the same batch, too."""

    code = "one_of_many"
    hint = "Only the text of a message that was sent alone can be taken away."


class BatchCanceled(Conflict):
    """The batch was canceled, so it can neither pause nor go on."""

    code = "batch_canceled"
    hint = "Create a new batch."


class NameTaken(Conflict):
    """Another one of this account has this name, or this number."""

    code = "name_taken"
    hint = "Choose another, or change the one that has it."


class AccountClosed(Conflict):
    """The account is closed."""

    code = "account_closed"
    hint = "Make another account: one that was closed stays closed, with its record."


class GroupNameTaken(NameTaken):
    """Another group of this account has this name."""

    code = "group_name_taken"
    hint = "Choose another name, or change the group that has it."


class Locked(Conflict):
    """It was approved as it is, and can't be changed any more."""

    code = "locked"
    hint = "Create a new one."


class RateLimited(RequestError):
    """More requests than the account may make in a second."""

    code = "rate_limited"
    http_status = 429
    hint = "Wait until the next second."


class TooManyWaits(RateLimited):
    """More requests of the account wait for something to happen than may."""

    code = "too_many_waits"
    hint = "Wait for the answers of some, or ask again and again with a pause and without waiting."


class TooManyErasures(RateLimited):
    """Another erasure of the same account, or of all, is under way."""

    code = "too_many_erasures"
    hint = "Ask again when it has been answered."


class TooManyLogins(RateLimited):
    """There were too many attempts to log in, with this name or from this address."""

    code = "too_many_logins"
    hint = "Wait a quarter of an hour, or log in from where it worked before."


class VerificationOver(Conflict):
    """There is nothing left to verify."""

    code = "verification_over"
    hint = "Start another verification."


class AlreadyVerified(VerificationOver):
    """This number was verified already."""

    code = "already_verified"
    hint = "There is nothing more to do."


class VerificationExpired(VerificationOver):
    """The code has expired."""

    code = "verification_expired"


class VerificationCanceled(VerificationOver):
    """The verification was canceled."""

    code = "verification_canceled"


class VerificationFailed(VerificationOver):
    """Too many codes were wrong."""

    code = "verification_failed"


class WrongCode(RequestError):
    """This is not the code that was sent."""

    code = "wrong_code"
    hint = "Ask for the code again; after too many wrong ones the verification fails."


class TooManyCodes(RequestError):
    """Too many codes were asked for: for this number or address, in all, or for numbers like it."""

    code = "too_many_codes"
    http_status = 429
    hint = "Wait before asking for another code."


class CodesRefused(AccessError):
    """This number is sent no codes: for its kind, for its country, or since nobody enters them."""

    code = "codes_refused"
    hint = "Whoever runs the server can allow it, for everybody or for one account."


class OptedOut(AccessError):
    """The recipient asked not to be written to."""

    code = "opted_out"
    hint = "Only the recipient can change that."


class WindowClosed(AccessError):
    """Whoever is to be answered has not written by this channel in the last 24 hours."""

    code = "window_closed"
    hint = "Answer by SMS, or send a template."


class TemplateNotApproved(AccessError):
    """The channel's operator has not approved this template."""

    code = "template_not_approved"
    hint = "Wait until it is approved."


class ChannelNotActive(AccessError):
    """No provider is set up that sends by this channel."""

    code = "channel_not_active"
    hint = "Choose another channel, or set up a provider for this one."


class NoCoverage(AccessError):
    """Nothing is done for numbers of this country: it has no price."""

    code = "no_coverage"
    hint = "See the prices for the countries that are covered."


class NumberTaken(Conflict):
    """Somebody has rented this number."""

    code = "number_taken"
    hint = "Choose another."


class TooLate(Conflict):
    """The time in which this could be done is over."""

    code = "too_late"
    hint = "Nothing has changed."


class NotNow(HeliographError):
    """This cannot be done at the moment."""

    code = "unavailable"
    http_status = 503
    retryable = True
    retry_after_s: ClassVar[int | None] = 1
    hint = "Try the same request again in a moment."


class StoreUnavailable(NotNow):
    """The database cannot be reached."""

    code = "store_unavailable"
    hint = "Nothing was accepted. Try again; if it persists, check the database that `store` names."


class IssuerFailed(NotNow):
    """The issuer that people sign in with does not answer as OpenID Connect says."""

    code = "issuer_failed"
    http_status = 502
    hint = "Try again in a moment, or sign in with a password."


class ShuttingDown(NotNow):
    """This process is stopping and takes no new work."""

    code = "shutting_down"
    hint = "Nothing was accepted. Try again in a moment."


class WaitTimedOut(NotNow):
    """What was waited for did not happen in time."""

    code = "wait_timed_out"
    http_status = 408
    retry_after_s = None
    hint = "Wait again, or longer; the message itself is not affected."


class SetupError(HeliographError):
    """Heliograph cannot start."""

    code = "setup"
    hint = "See `heliograph serve --help` and `heliograph config`."


class InternalError(HeliographError):
    """Something failed on our side."""

    code = "internal_error"
    hint = "The server's log has the cause."
