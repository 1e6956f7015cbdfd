"""A provider's server on this machine, over a real socket: it answers as it is told, or hangs up."""

from __future__ import annotations

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

from heliograph.calling import Request, Response

Behaviour = Callable[[Request], Response | None]
"""None: it hangs up, when it has read the request."""


class Far:
    def __init__(self) -> None:
        self.forget()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer in one piece: the second waits until the first is acknowledged

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                parts = urlsplit(self.path)
                request = Request(
                    self.command,
                    parts.path,
                    dict(parse_qsl(parts.query, keep_blank_values=True)),
                    body or None,
                    self.headers.get("Content-Type", ""),
                    {name.lower(): value for name, value in self.headers.items()},
                )
                outer.requests.append(request)
                response = outer.behaviour(request)
                if response is None:
                    self.close_connection = True
                    return
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128  # of five, a busy machine turns the sixth away

        self._server = Server(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def forget(self) -> None:
        """Is as it was at the beginning."""
        self.requests: list[Request] = []
        self.behaviour: Behaviour = lambda _: None

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
