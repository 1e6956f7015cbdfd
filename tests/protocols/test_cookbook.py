"""The provider of docs/adding-a-provider.md, taken from the page and used: by its settings, against a server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.protocols.contract.far import Far

from heliograph.calling import Request, Response

if TYPE_CHECKING:
    from tests.conftest import StartServer

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-provider.md"
FEWER_THAN = 60


def test_the_provider_of_the_page_sends(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "pigeon.py").write_text(code)
    far = Far()
    far.behaviour = answer
    line = {"type": "pigeon:Pigeon", "url": far.origin, "token": "s3cret", "rate": 100}
    server = start_server(
        tmp_path / "data",
        environment={
            "PYTHONPATH": str(tmp_path),
            "HELIOGRAPH_PROVIDERS": json.dumps({"loft": line}),
            "HELIOGRAPH_DEFAULT_PROVIDER": "loft",
            "HELIOGRAPH_SANDBOX": "on",
        },
    )
    try:
        with server.client() as client:
            taken = client.messages.send(to="+33612345678", text="Coo", originator="Acme")
            refused = client.messages.send(to="+33612345679", text="Coo", originator="Acme")
            ended = client.messages.wait_for_delivery(refused.id)
            while (sent := client.messages.get(taken.id)).status != "sent":
                assert sent.status in {"queued", "sending"}
    finally:
        server.stop()
        far.close()

    asked = [json.loads(request.body or b"{}") for request in far.requests if request.method == "POST"]
    assert len(code.splitlines()) < FEWER_THAN
    assert {"to": "+33612345678", "from": "Acme", "text": "Coo"} in asked
    assert {request.headers["authorization"] for request in far.requests} == {"Bearer s3cret"}
    assert (ended.status, ended.provider) == ("rejected", "loft")
    assert sent.provider == "loft"


def answer(request: Request) -> Response:
    if request.method == "GET":
        return Response(200, b'{"credit": "12 grains"}')
    wanted = json.loads(request.body or b"{}")
    if wanted["to"].endswith("9"):
        return Response(400, b'{"error": "no loft there"}')
    return Response(200, b'{"feather": "f-1"}')
