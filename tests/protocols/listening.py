"""A customer's server, or a provider's, on this machine."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.patience import HANG_S


class Listener:
    """A server on this machine that keeps what it is sent, and answers as it was told."""

    def __init__(
        self, status: int = 204, answer: bytes = b"", content_type: str = "", challenge: str | None = None
    ) -> None:
        """`challenge`: who does not answer it is sent away, once for each request that is kept."""
        self.status = status
        self.received: SimpleQueue[tuple[str, dict[str, str], bytes]] = SimpleQueue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = challenge is not None and challenge.split()[0] not in self.headers.get("Authorization", "")
                self.send_response(401 if asked else outer.status)
                if asked:
                    self.send_header("WWW-Authenticate", challenge or "")
                if answer:
                    self.send_header("Content-Length", str(len(answer)))
                if content_type:
                    self.send_header("Content-Type", content_type)
                self.end_headers()
                self.wfile.write(answer)
                target = self.requestline.split(" ")[1]  # `path` is not what was sent, but read already
                outer.received.put((target, dict(self.headers), body))

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.origin}/callback"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def next(self) -> dict[str, Any]:
        """What was sent next, waited for; `path`, `headers` and `body` are its raw parts."""
        self.path, self.headers, self.body = self.received.get(timeout=HANG_S)
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    def next_query(self) -> dict[str, str]:
        """What was said next in the query of an address that was called."""
        self.path, self.headers, self.body = self.received.get(timeout=HANG_S)
        return dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
