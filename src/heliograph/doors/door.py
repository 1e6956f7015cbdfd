"""A door: an ASGI application, made of a table of operations and an object with a method for each.

A door decides three things of its own: how a caller proves who it is, what an error looks like, and what each operation
does. Everything else is the same for all: the order of the checks (credential, rate, scope, query, body), limits,
logging, and that nothing escapes as a traceback.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar
from uuid import uuid4

import msgspec
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from heliograph.domain.accounts import Account, Principal
from heliograph.domain.errors import HeliographError, InternalError, MethodNotAllowed, NotFound, RateLimited
from heliograph.doors.bodies import (
    MAX_FIELDS,
    decode_form,
    decode_json,
    decode_query,
    read_body,
    require_few_fields,
    require_json,
)
from heliograph.doors.idempotency import KeptBody, KeyedRequest, key_of
from heliograph.doors.operations import Operation, Reply
from heliograph.doors.routes import Routes
from heliograph.services.access import require
from heliograph.services.aside import LARGE_BODY, aside
from heliograph.services.audit import acting_as, key_actor
from heliograph.services.rates import RateState
from heliograph.services.services import Services

log = structlog.get_logger(__name__)

ANONYMOUS_BODY = 16 * 1024
"""How many bytes of a body are read before its sender is known: they say who it is."""

_encoder = msgspec.json.Encoder()


Query = TypeVar("Query", covariant=True)
Body = TypeVar("Body", covariant=True)


class Call(msgspec.Struct, Generic[Query, Body]):
    """One call of one operation, checked and decoded.

    Its query and its body are what the table of operations says, or None where the table has none.
    """

    caller: Principal | None
    """The caller; None if the operation is open to anybody."""
    path: Mapping[str, Any]
    query: Query
    body: Body
    request: Request

    @property
    def principal(self) -> Principal:
        """Return who is calling, where the operation has a scope."""
        assert self.caller is not None  # noqa: S101 - an operation with a scope has a caller
        return self.caller

    @property
    def account(self) -> Account:
        return self.principal.account


class OwnRefusal(Exception):
    """A refusal in a protocol's own terms, where ours have no word for it: nobody at another door is ever told it."""

    @abstractmethod
    def response(self) -> Response: ...


AnyCall = Call[object, object]
"""A call of which the handler only needs to know who is calling, and where."""
Handler = Callable[[Call[Any, Any]], Awaitable[Any]]


class Resource:
    """What a door serves of one kind of thing: a table of operations, and a method of the same name for each."""

    operations: ClassVar[Sequence[Operation]]


class Door(ABC):
    """A door handles its operations itself, or is made of resources that handle theirs."""

    operations: Sequence[Operation]
    """All operations. A door that is made of resources has those of each, in their order."""
    requests_per_second: ClassVar[int] = 5_000
    """How many requests an account may make, unless the settings say so for all doors."""
    max_query_fields: ClassVar[int] = MAX_FIELDS
    idempotency_headers: ClassVar[Sequence[str]] = ("Idempotency-Key",)
    """The headers that a request may name its idempotency key in; the first one counts."""
    max_body_bytes: int

    def __init__(self, services: Services, *, max_body_bytes: int, resources: Sequence[Resource] = ()) -> None:
        """Make the routes. Where two operations have the same method and both paths match, the first one is called."""
        self.max_body_bytes = max_body_bytes
        self._rates = services.rates
        self._idempotency = services.idempotency
        if resources:
            self.operations = [operation for resource in resources for operation in resource.operations]
        self.handlers: Mapping[Operation, Handler] = {
            operation: getattr(part, operation.name) for part in resources or (self,) for operation in part.operations
        }
        self._routes = Routes(
            [
                (operation.method, operation.path, self._endpoint(operation, handler))
                for operation, handler in self.handlers.items()
            ]
        )

    @abstractmethod
    async def authenticate(self, request: Request) -> Principal:
        """Find out who is calling. Raises Unauthenticated."""

    @abstractmethod
    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        """Write an error in the protocol's own body and status; `operation` is None at an address that has none."""

    def refuse(self, request: Request, error: HeliographError, operation: Operation | None = None) -> Response:
        """Answer a request with an error. Doors whose errors say what was asked for have their own."""
        return self.render_error(error, operation)

    def finish(self, request: Request, response: Response) -> Response:
        """Look at the answer of an operation before it goes, whatever it is."""
        standing: RateState | None = getattr(request.state, "standing", None)
        if standing is not None and standing.exceeded:
            response.headers["Retry-After"] = "1"
        return response

    async def _count(self, request: Request, principal: Principal) -> None:
        """Count the request for its account. Raises RateLimited for one too many."""
        account = principal.account
        standing = request.state.standing = await self._rates.take(
            account.id, self.requests_per_second, account.terms.requests_per_second
        )
        if standing.exceeded:
            raise RateLimited()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        found = self._routes.find(scope["method"], path)
        if found is None:
            response = self._nothing_here(Request(scope), path)
        else:
            scope["path_params"] = {**scope.get("path_params", {}), **found.parameters}
            response = await found.target(Request(scope, receive))
        await response(scope, receive, send)

    def _nothing_here(self, request: Request, path: str) -> Response:
        methods = self._routes.methods_at(path)
        if not methods:
            return self.refuse(request, NotFound("There is nothing at this address."))
        response = self.refuse(request, MethodNotAllowed())
        response.headers["Allow"] = ", ".join(sorted(methods))
        return response

    def _endpoint(self, operation: Operation, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        decoder = None if operation.request is None else msgspec.json.Decoder(operation.request)
        largest = self.max_body_bytes if operation.scope is not None else min(ANONYMOUS_BODY, self.max_body_bytes)

        async def endpoint(request: Request) -> Response:
            return self.finish(request, await answered(request))

        async def answered(request: Request) -> Response:
            try:
                if "\0" in request.scope["path"]:  # no database would look for it, not even for a plan or an account
                    raise NotFound()
                require_few_fields(request.scope["query_string"], self.max_query_fields)
                if operation.scope is None:
                    return await carried_out(request, None)
                key = key_of(request, self.idempotency_headers, operation)
                if key is None:
                    return await carried_out(request, await self._let_in(request, operation.scope))
                body = KeptBody(request.receive)
                request = Request(request.scope, body)
                principal = await self._let_in(request, operation.scope)
                content, request = await body.again(request, largest)
                keyed = KeyedRequest(self._idempotency, principal.account.id, key)
                return await keyed.answered(
                    type(self).__name__, request, content, partial(carried_out, request, principal)
                )
            except OwnRefusal as refusal:
                return refusal.response()
            except HeliographError as error:
                return self.refuse(request, error, operation)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is left to read it
            except Exception:
                log.exception("request failed", operation=operation.name, request_id=request_id_of(request))
                return self.refuse(request, InternalError(), operation)

        async def carried_out(request: Request, principal: Principal | None) -> Response:
            query = None if operation.query is None else decode_query(request, operation.query)
            body = None
            if operation.form:
                body = decode_form(await read_body(request, largest), operation.request)
            elif decoder is not None:
                require_json(request)
                content = await read_body(request, largest)
                if operation.may_be_empty and not content:
                    content = b"{}"
                body = await aside(len(content) > LARGE_BODY, decode_json, content, decoder)
            call = Call(principal, request.path_params, query, body, request)
            if principal is None:
                answer = await handler(call)
            else:
                with acting_as(partial(key_actor, principal, address_of(request))):
                    answer = await handler(call)
            return _response(answer, operation.status)

        return endpoint

    async def _let_in(self, request: Request, scope: str) -> Principal:
        """Find out who is calling, and check that it may."""
        principal = await self.authenticate(request)
        await self._count(request, principal)
        require(principal, scope)
        return principal


def _response(answer: Any, status: int) -> Response:
    if isinstance(answer, Response):
        return answer
    if isinstance(answer, Reply):
        answer, status = answer.value, answer.status
    if answer is None:
        return Response(status_code=status)
    return _Json(_encoder.encode(answer), status)


class _Json(Response):
    """A JSON document, with no more made of its headers than they need."""

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]


def address_of(request: Request) -> str | None:
    """Return the address that a request comes from; None if nobody knows."""
    return None if request.client is None else request.client.host


def request_id_of(request: Request) -> str:
    """Return the name of a request in logs: the caller's `X-Request-Id` if it is fit for that, else one of our own."""
    known: str | None = getattr(request.state, "request_id", None)
    if known is None:
        said = request.headers.get("x-request-id", "")
        known = request.state.request_id = said if _FIT_ID.fullmatch(said) else uuid4().hex
    return known


_FIT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def bearer_token(request: Request) -> str | None:
    """Return the token of an `Authorization: Bearer` header, if there is one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
