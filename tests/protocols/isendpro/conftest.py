"""Requests as iSendPro's clients write them, to a real server."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

if TYPE_CHECKING:
    from tests.conftest import Server


class Caller:
    """Calls with one key."""

    def __init__(self, server: Server, keyid: str | None = None) -> None:
        ready = server.ready["protocols"]["isendpro"]
        self.host: str = ready["host"]
        self.keyid: str = keyid or ready["keyid"]

    def ask(self, method: str, path: str, **parameters: Any) -> httpx2.Response:
        """Parameters in the JSON document, or, without a body, in the query."""
        asked = {"keyid": self.keyid} | parameters
        return self.raw(method, path, params=asked) if method == "GET" else self.raw(method, path, json=asked)

    def raw(self, method: str, path: str, **how: Any) -> httpx2.Response:
        return httpx2.request(method, path if "://" in path else self.host + path, **how)

    def entries(self, method: str, path: str, **parameters: Any) -> list[dict[str, Any]]:
        answer = self.ask(method, path, **parameters)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["etat"]["etat"]
        return found

    def send(self, *numbers: str, **parameters: Any) -> list[dict[str, Any]]:
        wanted = {"num": list(numbers), "sms": ["Bonjour"]} | parameters
        return self.entries("POST", "/smsmulti", **wanted)

    def refusal(self, path: str, **parameters: Any) -> tuple[int, str]:
        """Status and code of a request that is refused as a whole."""
        answer = self.ask("POST", path, **parameters)
        (entry,) = answer.json()["etat"]["etat"]
        assert "tel" not in entry
        assert entry["message"]
        return answer.status_code, entry["code"]

    def file(self, path: str, **parameters: Any) -> list[dict[str, str]]:
        """The rows of the CSV file in a ZIP."""
        return list(csv.DictReader(io.StringIO(self.inside(path, **parameters).decode(), newline="")))

    def inside(self, path: str, **parameters: Any) -> bytes:
        """The CSV file in a ZIP."""
        answer = self.ask("GET", path, **parameters)
        assert answer.headers["content-type"] == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(answer.content))
        (name,) = archive.namelist()
        assert name.endswith(".csv")
        return archive.read(name)


@pytest.fixture
def isendpro(server: Server) -> Caller:
    return Caller(server)


@pytest.fixture
def other_isendpro(server: Server) -> Caller:
    return Caller(server, server.ready["protocols"]["isendpro"]["other"]["keyid"])
