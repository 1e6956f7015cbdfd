"""`heliograph.open`: a client on an engine in the process itself, without a server.

How it works. The platform that `heliograph serve` runs, without its servers, runs on an event loop in a thread of its
own; the client's requests are handed to its application in memory, so that everything is as it is by HTTP: the same
checks, the same errors. What is accepted is committed before a call returns, and goes out while the client is open;
what has not gone out when it is closed, or when the process dies, goes out when the store is opened again. Only one
process can have an embedded store open.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx2

from heliograph.domain.errors import SetupError
from heliograph.runtime import logs
from heliograph.runtime.administration import Administration
from heliograph.runtime.platform import Platform, running
from heliograph.runtime.settings import Settings, load
from heliograph.sdk.client import Client
from heliograph.store.opening import SQLITE

T = TypeVar("T")

_ADDRESS = "http://heliograph.invalid"
"""What links and pages are addressed to where `public_url` is not set: nobody listens there."""
_ACCOUNT = "embedded"
_STREAMS_S = 1.0
"""How long an answer of events lasts, in seconds."""


class EmbeddedClient(Client):
    """A client of an engine that runs in the process. Close it, or use it as a context manager."""

    def __init__(self, engine: _Engine, token: str) -> None:
        self._engine = engine
        self._http = httpx2.Client(transport=_InProcess(engine), trust_env=False)
        super().__init__(_ADDRESS, token, http_client=self._http)

    def close(self) -> None:
        """Stop the engine; what is in flight is recorded first. Safe to repeat."""
        super().close()
        self._http.close()
        self._engine.stop()


def open_embedded(where: str, settings: Mapping[str, object]) -> EmbeddedClient:
    """Open a store, and start an engine on it. Raises SetupError, in one sentence, if something stands in the way."""
    logs.hand_to_application()
    engine = _Engine(*_found(where, settings))
    try:
        return EmbeddedClient(engine, engine.run(engine.token()))
    except BaseException:
        engine.stop()
        raise


def _found(where: str, given: Mapping[str, object]) -> tuple[Settings, str]:
    """Return the settings of an engine, and the address of its store. Raises SetupError."""
    if where.startswith("postgresql://"):
        return load(file=None, environment={}, flags={**given, "store": where}).settings, where
    path = where.removeprefix(SQLITE)
    if not where.startswith(SQLITE) or not path:
        raise SetupError(f"A store is opened as sqlite:///FILE or postgresql://USER@HOST/NAME, not {where!r}.")
    file = Path(path).absolute()
    keys = file.with_name(f"{file.name}.keys")  # keys and attachments, readable by their owner only
    return load(file=None, environment={}, flags={"data_dir": keys, **given}).settings, f"{SQLITE}{file}"


class _Engine:
    """The platform, on a loop in a thread of its own."""

    def __init__(self, settings: Settings, store: str) -> None:
        """Start it, and wait until it runs. Raises SetupError."""
        self._settings, self._store = settings, store
        self._started: concurrent.futures.Future[Platform] = concurrent.futures.Future()
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._key: str | None = None
        self._thread = threading.Thread(target=self._run, name="heliograph", daemon=True)
        self._thread.start()
        try:
            self._platform = self._started.result()
        except BaseException:
            self._thread.join()
            raise
        self.web = self._platform.web()
        # Behind atexit it would be too late: nothing can be handed to threads any more then.
        threading._register_atexit(self.stop)  # type: ignore[attr-defined]

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._serve())
            except BaseException as error:
                if self._started.done():
                    raise
                self._started.set_exception(error)

    async def _serve(self) -> None:
        async with running(self._settings, store_at=self._store) as platform:
            self._started.set_result(platform)
            await self._stopping.wait()
            if self._key is not None:
                await self._administration().keys.revoke(self._key)
            platform.engine.notifier.close()

    async def token(self) -> str:
        """Return the sandbox's token; where there is none, that of a key which is good while this client is open."""
        from heliograph.api.keys import NativeKeys
        from heliograph.sandbox.accounts import FIRST

        credentials = self._platform.credentials
        if credentials is not None:
            kind = NativeKeys()
            return str(kind.shown(credentials[FIRST][kind.name])["token"])
        administration = self._administration()
        if _ACCOUNT not in {each["name"] for each in await administration.list_accounts()}:
            await administration.create_account(_ACCOUNT, None)
        made = await administration.create_key(_ACCOUNT, "native", scopes=None, networks=None, expires=None)
        self._key = made.id
        return made.parts["token"]

    def _administration(self) -> Administration:
        return Administration(self._settings, self._platform.engine.store, self._platform.services.accounts)

    def run(self, work: Coroutine[Any, Any, T], timeout_s: float | None = None) -> T:
        """Do something on the loop. Raises TimeoutError after so many seconds, if they are given."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(timeout_s)
        except TimeoutError:
            future.cancel()
            raise

    def stop(self) -> None:
        """Record what is in flight, and close the store. Safe to repeat."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()


class _InProcess(httpx2.BaseTransport):
    """Hands requests to the application of an engine in the process."""

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine
        self._application = httpx2.ASGITransport(app=engine.web)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as a server would. Raises ReadTimeout if that takes longer than the request may."""
        timeout_s = request.extensions.get("timeout", {}).get("read")
        if request.headers.get("Accept") == "text/event-stream":  # answers are whole here: a short one, again and again
            request.url = request.url.copy_set_param("timeout_s", _STREAMS_S)
        request.read()
        try:
            return self._engine.run(self._answered(request), timeout_s)
        except TimeoutError as error:
            raise httpx2.ReadTimeout("the engine did not answer in time", request=request) from error

    async def _answered(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._application.handle_async_request(request)
        content = await answer.aread()
        return httpx2.Response(answer.status_code, headers=answer.headers, content=content)
