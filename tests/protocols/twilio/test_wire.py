"""Signatures, as the reference has them and the published validator checks them; TwiML; sids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from heliograph.calling.requested import requested
from heliograph.domain.ids import is_id, new_id
from heliograph.protocols.twilio.door.sids import SMS, id_of, sid
from heliograph.protocols.twilio.door.twiml import Reply, replies
from heliograph.protocols.twilio.signature import is_signed, sign

WRITABLE = st.characters(codec="utf-8")
CALL = [
    ("CallSid", "CA1234567890ABCDE"),
    ("Caller", "+14158675309"),
    ("Digits", "1234"),
    ("From", "+14158675309"),
    ("To", "+18005551212"),
]


@pytest.mark.parametrize(
    ("url", "fields", "signature"),
    [
        ("https://mycompany.com/myapp.php?foo=1&bar=2", CALL, "RSOYDt4T1cUTdK1PDd93/VVr8B8="),
        ("https://x/y", [], "x1OwDDkM7S3/LpM5WE+bKWgvELA="),
        ("https://x/y", [("A", "2"), ("A", "1"), ("A", "2"), ("B", "")], "vU4zmXck1k0GgfH+0ZrfoDXUQ2s="),
        ("http://x:8080/y?a=b", [("b", "1"), ("B", "2"), ("a", "3")], "AkhaCBieSz7rF59o9I5wvP84hd4="),
    ],
)
def test_signatures_are_those_of_the_reference(url: str, fields: list[tuple[str, str]], signature: str) -> None:
    assert sign("12345", url, fields) == signature
    assert is_signed("12345", url, fields, signature)
    assert not is_signed("12346", url, fields, signature)


@given(
    st.text(min_size=1, max_size=20),
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
        st.text(st.characters(codec="utf-8"), max_size=20),
    ),
    st.sampled_from(["https://x/y?a=b", "https://x:443/y", "http://x:80/", "http://x/y", "https://x:8443/y"]),
)
def test_the_published_validator_takes_ours(token: str, fields: dict[str, str], url: str) -> None:
    assert RequestValidator(token).validate(url, fields, sign(token, url, list(fields.items())))


@given(
    st.sampled_from(
        ["http://x", "https://X:443", "http://x:8080", "http://us:pw@xn--exmple-cua.org", "https://é.org."]
    ),
    st.lists(
        st.sampled_from("/?#")
        | st.sampled_from("/?&=+%;:@!$'()*,~[]{}|\\^`\"<> .-_aZ0é日")
        | st.characters(codec="utf-8").filter(str.isprintable),
        max_size=25,
    ).map("".join),
)
def test_the_published_validator_takes_every_url_as_it_is_requested(host: str, tail: str) -> None:
    url = requested(host + (tail if tail[:1] in {"", "/", "?", "#"} else f"/{tail}")).url

    assert RequestValidator("t").validate(url, dict(CALL), sign("t", url, CALL))


@pytest.mark.parametrize(
    ("signed", "called"),
    [
        ("https://x:443/y", "https://x/y"),
        ("https://x/y", "https://x:443/y"),
        ("http://x/y?a", "http://x:80/y?a"),
        ("https://[2001:db8::1]:443/y", "https://[2001:db8::1]/y"),
        ("https://[2001:db8::1]/y", "https://[2001:db8::1]:443/y"),
        ("https://Example.org/y", "https://Example.org:443/y"),
        ("https://example.org/y", "HTTPS://EXAMPLE.org:443/y"),
        ("https://example.org/?a=%5B1%5D", "https://example.org?a=[1]"),
        ("https://example.org/y", "https://user:pass@example.org/y#rc=1"),
    ],
)
def test_each_spelling_of_our_own_url_may_be_signed(signed: str, called: str) -> None:
    assert is_signed("t", called, CALL, sign("t", signed, CALL))


def test_sids_are_our_identifiers() -> None:
    identifier = new_id()

    assert id_of(sid(SMS, identifier), SMS) == identifier
    assert is_id(id_of("SM" + "f" * 32, SMS) or "")
    assert id_of(sid(SMS, identifier), "MM") is None
    assert id_of("SM123", SMS) is None


@pytest.mark.parametrize(
    ("content_type", "body", "found", "redirect"),
    [
        ("text/plain", b" Hello ", [Reply(text="Hello")], None),
        ("text/plain", b"", [], None),
        ("text/xml", b"", [], None),
        (
            "text/xml",
            b"<Response><Message>Hi</Message><Sms>Ho</Sms></Response>",
            [Reply(text="Hi"), Reply(text="Ho")],
            None,
        ),
        (
            "application/xml",
            b"<Response><Message to='1' from='2' statusCallback='/s'><Body>A</Body><Media>https://m</Media></Message>"
            b"</Response>",
            [Reply(text="A", to="1", sender="2", status_callback="/s", media=("https://m",))],
            None,
        ),
        (
            "text/xml",
            b"<Response><Message>A</Message><Redirect>/next</Redirect><Message>B</Message></Response>",
            [Reply(text="A")],
            "/next",
        ),
        ("text/xml", b"<Response><Message></Message><Dial>1</Dial></Response>", [], None),
    ],
)
def test_replies(content_type: str, body: bytes, found: list[Reply], redirect: str | None) -> None:
    answer = replies(content_type, body)

    assert (list(answer.messages), answer.redirect) == (found, redirect)


@pytest.mark.parametrize(
    "body", [b"<html/>", b"<Response>", b"\xff\xfe", b'<!DOCTYPE x [<!ENTITY a "b">]><Response>&a;</Response>']
)
def test_what_is_no_twiml(body: bytes) -> None:
    with pytest.raises(ValueError, match="document"):
        replies("text/xml", body)
