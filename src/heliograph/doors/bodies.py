"""Reading requests without trusting them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import ClientDisconnect, Request

from heliograph.domain.bounded import count_in
from heliograph.domain.errors import (
    InvalidField,
    MalformedRequest,
    MissingField,
    RequestError,
    RequestTooLarge,
    TooManyItems,
    TooManyRecipients,
    UnknownField,
    UnsupportedMediaType,
    WrongType,
)
from heliograph.doors.collections import most_values
from heliograph.doors.documents import as_meant

MAX_FIELDS = 1_000
"""How many fields a form or a query has at most: a limit of ours."""
MAX_ESCAPES = 1_000_000
"""How many octets of a form are escaped (`%C3`) at most: each takes some 200 octets of memory to be read."""
MAX_VALUES = 1_000_000
"""How many values of any kind a JSON document has at most: millions take seconds to build, whatever they mean."""
MORE_PUNCTUATION = 10_000
"""How many signs of a JSON document may be in its texts, or in fields nobody asked for, beside what its type allows."""
LOOKED_INTO_AGAIN = 250_000
"""Up to how many values a JSON document is looked into once more for what its type refuses."""
_PATH = re.compile(r" - at (?:`key` in )?`\$\.?(?P<path>[^`]*)`$")
_TOO_LONG = re.compile("`(array|object)` of length <= ")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def require_few_fields(text: bytes, most: int = MAX_FIELDS) -> None:
    """Check how many fields, and escaped octets, a query or a form has that is not taken apart yet.

    Raises RequestTooLarge.
    """
    fields = 1 + text.count(b"&")
    if fields > most:
        raise RequestTooLarge(f"There are {fields} fields; {most} are allowed.")
    if (escapes := text.count(b"%")) > MAX_ESCAPES:
        raise RequestTooLarge(f"There are {escapes} escaped octets; {MAX_ESCAPES} are allowed.")


async def read_body(request: Request, limit: int) -> bytes:
    """Read the body. Raises RequestTooLarge as soon as more than `limit` bytes are announced or sent.

    It can be read once. Raises ClientDisconnect if its sender goes away meanwhile.
    """
    chunks = [chunk async for chunk in body_pieces(request, limit)]
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def body_pieces(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Read the body as it comes. Raises RequestTooLarge as soon as more than `limit` bytes are announced or sent.

    It can be read once. Raises ClientDisconnect if its sender goes away meanwhile.
    """
    announced = count_in(request.headers.get("content-length", "0"))
    if announced is None:
        raise MalformedRequest("The Content-Length header is not a number.")
    if announced > limit:
        raise RequestTooLarge(f"The body has more than {limit} bytes.")
    size, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > limit:
            raise RequestTooLarge(f"The body has more than {limit} bytes.")
        yield chunk


def require_json(request: Request) -> None:
    """Check that the body is declared as JSON. Raises UnsupportedMediaType."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType()


def decode_json(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Decode a JSON document, whatever the order of its keys; of a key that is there twice the last value counts.

    `[]` may stand for `{}`, and a byte order mark is ignored (RFC 8259, section 8.1). Raises a RequestError that says
    what is wrong with it.
    """
    values = require_few_values(body, most_values(decoder.type) + MORE_PUNCTUATION)
    if _has_nul(body):
        raise InvalidField("Text may not contain the character U+0000.")
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:
            if values > LOOKED_INTO_AGAIN:
                raise
            return msgspec.convert(as_meant(msgspec.json.decode(body), decoder.type), decoder.type)
    except msgspec.ValidationError as error:
        raise in_our_words(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from error
    except RecursionError as error:
        raise MalformedRequest("The body is nested too deeply.") from error


def require_few_values(document: bytes, most: float = MAX_VALUES) -> int:
    """Count how many values a JSON document has at most, by its punctuation.

    Raises RequestTooLarge for more than `most`, and for more than can be read in a moment.
    """
    values, most = 1, min(most, MAX_VALUES)
    for sign in (b",", b"[", b"{"):
        values += document.count(sign)
        if values > most:
            raise RequestTooLarge(f"The body has more than {most} values.")
    return values


def _has_nul(document: bytes) -> bool:
    r"""Say whether a text in the document has U+0000: a `\u0000` whose backslash is not itself escaped."""
    return b"\\u0000" in document and b"\\u0000" in document.replace(b"\\\\", b"  ")


def decode_query(request: Request, query: type[msgspec.Struct]) -> Any:
    """Decode the query string; its values are text that is read as the field's type. Raises a RequestError."""
    values = dict(request.query_params)
    if any("\0" in value for value in values.values()):
        raise InvalidField("Text may not contain the character U+0000.")
    return _read_as(query, values)


def decode_form(body: bytes, form: type[msgspec.Struct]) -> Any:
    """Decode an URL-encoded form; of a field that is there several times the last counts.

    Raises RequestTooLarge for more than MAX_FIELDS, and a RequestError that says what is wrong with the form.
    """
    require_few_fields(body)
    try:
        values = dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError as error:
        raise MalformedRequest("The body is not a form.") from error
    if any("\0" in value for value in values.values()):
        raise InvalidField("Text may not contain the character U+0000.")
    return _read_as(form, values)


def _read_as(shape: type[msgspec.Struct], texts: Mapping[str, str]) -> Any:
    """Read texts as the types of the fields that they are named after. Raises a RequestError."""
    try:
        found: Any = msgspec.convert(texts, shape, strict=False)
    except msgspec.ValidationError as error:
        raise in_our_words(error) from error
    for attribute, name in zip(found.__struct_fields__, found.__struct_encode_fields__, strict=True):
        # To msgspec 5.0 and 5e2 are whole numbers, too.
        if type(getattr(found, attribute)) is int and count_in(texts.get(name, "0").removeprefix("-")) is None:
            raise WrongType(f"Expected `int`, got `str` (in `{name}`).", field=name)
    return found


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
    if _TOO_LONG.search(sentence):
        kind = TooManyRecipients if field == "to" else TooManyItems
        return kind(f"{sentence}{'' if field is None else f' (in `{field}`)'}.", field=field)
    place = f" (in `{field}`)" if field else ""
    if ", got `" in sentence:
        return WrongType(f"{sentence}{place}.", field=field)
    return InvalidField(f"{sentence}{place}.", field=field)
