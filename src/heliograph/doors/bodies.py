"""Reading requests without trusting them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from heliograph.domain.errors import (
    InvalidField,
    MalformedRequest,
    MissingField,
    RequestError,
    RequestTooLarge,
    UnknownField,
    UnsupportedMediaType,
    WrongType,
)
from heliograph.doors.documents import as_meant

_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_PATH = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`$")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


async def read_body(request: Request, limit: int) -> bytes:
    """The body; RequestTooLarge as soon as more than `limit` bytes are announced or sent."""
    announced = request.headers.get("content-length", "0")
    if not announced.isascii() or not announced.isdigit():
        raise MalformedRequest("The Content-Length header is not a number.")
    if int(announced) > limit:
        raise RequestTooLarge(f"The body has {announced} bytes; {limit} are allowed.")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise RequestTooLarge(f"The body has more than {limit} bytes.")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def require_json(request: Request) -> None:
    """UnsupportedMediaType unless the body is declared as JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType()


def decode_json(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """The typed value of a JSON document, whatever the order of its keys; of one that is there twice the last counts.

    `[]` may stand for `{}`, and a byte order mark is ignored (RFC 8259, section 8.1). A RequestError says what is wrong
    with it.
    """
    if _ESCAPED_NUL.search(body):
        raise InvalidField("Text may not contain the character U+0000.")
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:
            return msgspec.convert(as_meant(msgspec.json.decode(body), decoder.type), decoder.type)
    except msgspec.ValidationError as error:
        raise in_our_words(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise MalformedRequest("The body is nested too deeply.") from error


def decode_query(request: Request, query: type[msgspec.Struct]) -> Any:
    """The typed query string; its values are text that is read as the field's type."""
    values = dict(request.query_params)
    if any("\0" in value for value in values.values()):
        raise InvalidField("Text may not contain the character U+0000.")
    try:
        return msgspec.convert(values, query, strict=False)
    except msgspec.ValidationError as error:
        raise in_our_words(error) from error


def decode_form(body: bytes, form: type[msgspec.Struct]) -> Any:
    """The typed fields of an URL-encoded form; of a field that is there several times the last counts."""
    try:
        values = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError as error:
        raise MalformedRequest("The body is not a form.") from error
    if any("\0" in value for value in values.values()):
        raise InvalidField("Text may not contain the character U+0000.")
    try:
        return msgspec.convert(values, form, strict=False)
    except msgspec.ValidationError as error:
        raise in_our_words(error) from error


def in_our_words(error: msgspec.ValidationError) -> RequestError:
    text = str(error)
    where = _PATH.search(text)
    field = where["path"] if where and where["path"] else None
    sentence = _PATH.sub("", text)
    if "unknown field" in sentence:
        return UnknownField(f"{sentence}.", field=field)
    if "missing required field" in sentence:
        name = sentence.split("`")[1]
        return MissingField(f"The field `{name}` is required.", field=name)
    place = f" (in `{field}`)" if field else ""
    if ", got `" in sentence:
        return WrongType(f"{sentence}{place}.", field=field)
    return InvalidField(f"{sentence}{place}.", field=field)
