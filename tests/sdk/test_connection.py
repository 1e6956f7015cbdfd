"""Where the SDK finds its server, and what it says when it cannot use what it was given."""

from __future__ import annotations

from pathlib import Path

import pytest

from heliograph import AsyncClient, Client
from heliograph.sdk.connection import NoConnection, connection


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HELIOGRAPH_URL", "HELIOGRAPH_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "connection.json").write_text('{"base_url": "http://file", "api": {"token": "of-file"}, "more": 1}')
    return tmp_path


def test_what_is_given_wins_over_the_environment_and_that_over_the_data_directory(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_file = connection(None, None, data_dir)
    same_address = connection("HTTP://File:80/", None, data_dir)
    own_token = connection(None, "given", data_dir)
    monkeypatch.setenv("HELIOGRAPH_URL", "http://environment")
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "of-environment")

    assert from_file == ("http://file", "of-file")
    assert same_address == ("HTTP://File:80", "of-file")
    assert own_token == ("http://file", "given")
    assert connection(None, None, data_dir) == ("http://environment", "of-environment")
    assert connection("http://given", "given", data_dir) == ("http://given", "given")


@pytest.mark.parametrize(
    "address", ["http://stranger", "https://kept", "http://kept:81", "http://kept/other", "http://kept.evil", "kept"]
)
@pytest.mark.parametrize("keeper", ["environment", "file"])
def test_a_token_goes_to_no_other_address_than_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, keeper: str
) -> None:
    if keeper == "file":
        (tmp_path / "connection.json").write_text('{"base_url": "http://kept", "api": {"token": "stored"}}')
    else:
        monkeypatch.setenv("HELIOGRAPH_URL", "http://kept")
        monkeypatch.setenv("HELIOGRAPH_TOKEN", "stored")

    for client in (Client, AsyncClient):
        with pytest.raises(NoConnection) as refused:
            client(address, data_dir=tmp_path)
        assert "http://kept" in refused.value.message
        assert "stored" not in refused.value.message
    assert connection("http://kept", None, tmp_path) == ("http://kept", "stored")
    assert connection(address, "given", tmp_path) == (address, "given")


def test_a_token_of_the_environment_without_an_address_is_for_the_one_that_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIOGRAPH_TOKEN", "of-environment")

    assert connection("http://given", None, tmp_path) == ("http://given", "of-environment")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"base_url": 5}', '{"base_url": "http://x", "api": {}}'])
def test_a_connection_file_that_is_none_counts_as_missing(tmp_path: Path, content: str) -> None:
    (tmp_path / "connection.json").write_text(content)

    with pytest.raises(NoConnection) as missing:
        connection(None, None, tmp_path)

    assert str(tmp_path) in missing.value.message


@pytest.mark.parametrize(
    ("address", "token", "words"),
    [
        ("http://localhost:port", "t", "is not an address"),
        ("http://☺.example", "t", "is not an address"),
        ("http://localhost/\0", "t", "is not an address"),
        ("http://localhost", "clé", "characters that no token has"),
        ("http://localhost", "two\nlines", "characters that no token has"),
    ],
)
def test_what_can_be_no_server_or_token_is_told_before_the_first_call(address: str, token: str, words: str) -> None:
    for client in (Client, AsyncClient):
        with pytest.raises(NoConnection) as refused:
            client(address, token)

        assert words in refused.value.message
        assert token not in refused.value.message or words == "is not an address"
