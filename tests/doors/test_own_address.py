"""Where this server says that it is: whoever calls does not decide where recipients of texts are led."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from heliograph.doors.settings import DoorSettings


def settings(**changed: str) -> DoorSettings:
    usual = {"public_url": "", "link_url": "", "short": "/l", "files": "/f"} | changed
    return DoorSettings(max_body_bytes=1, **usual)  # type: ignore[arg-type]


def request(host: str, server: tuple[str, int | None] = ("10.0.0.7", 8460)) -> Request:
    headers = [(b"host", host.encode())]
    return Request(
        {"type": "http", "scheme": "http", "server": server, "path": "/", "query_string": b"", "headers": headers}
    )


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("localhost:8460", "http://localhost:8460"),
        ("LOCALHOST:9", "http://localhost:9"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:8460", "http://[::1]:8460"),
        ("evil.example", "http://10.0.0.7:8460"),
        ("evil.example:80", "http://10.0.0.7:8460"),
        ("127.0.0.1@evil.example", "http://10.0.0.7:8460"),
        ("127.0.0.1:80@evil.example", "http://10.0.0.7:8460"),
        ("127.0.0.1.evil.example", "http://10.0.0.7:8460"),
        ("localhost.evil.example", "http://10.0.0.7:8460"),
        ("localhost:port", "http://10.0.0.7:8460"),
        ("[::1", "http://10.0.0.7:8460"),
        ("localhost/../x", "http://localhost"),
        ("", "http://10.0.0.7:8460"),
    ],
)
def test_a_caller_names_this_machine_or_nothing(host: str, base: str) -> None:
    assert settings().base_url(request(host)) == base
    assert settings().short_url(request(host)) == f"{base}/l"


@given(host=st.text(st.characters(codec="ascii"), max_size=40))
def test_no_host_leads_anywhere_else(host: str) -> None:
    found = settings().base_url(request(host)).removeprefix("http://")

    assert found.partition(":")[0] in {"10.0.0.7", "localhost", "["} or found.startswith(("127.", "[::1]"))


@given(host=st.text(st.characters(codec="ascii"), max_size=40))
def test_what_is_set_counts_whatever_the_host(host: str) -> None:
    chosen = settings(public_url="https://example.org", link_url="https://go.example.org")

    assert chosen.base_url(request(host)) == "https://example.org"
    assert chosen.short_url(request(host)) == "https://go.example.org"


def test_ipv6_is_written_in_brackets() -> None:
    assert settings().base_url(request("evil.example", ("2001:db8::7", 80))) == "http://[2001:db8::7]:80"
