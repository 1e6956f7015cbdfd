"""Traces by OpenTelemetry, where the environment asks for them (OTEL_…) and the extra `heliograph[otel]` is installed.

The trace of a batch has the 128 bits of the batch's identifier, and its first span, the request that made it, has an
identifier that follows from them. So every process can add to the trace what it does with the batch, whatever was
accepted where, and nothing is stored. Whether a trace is sampled follows from its identifier, too, and is the same for
all. A request that comes with a `traceparent` of the caller's is linked from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from hashlib import sha256
from importlib.metadata import entry_points
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from heliograph import __version__
from heliograph.domain.errors import SetupError
from heliograph.domain.ids import to_int
from heliograph.engine.tracing import Facts, Step, Tracing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

log = structlog.get_logger(__name__)

_PLUGINS = "opentelemetry_traces_exporter"
_OTLP = {"http/protobuf": "otlp_proto_http", "grpc": "otlp_proto_grpc"}
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class _Request(NamedTuple):
    began_ns: int
    traceparent: str


_request: ContextVar[_Request | None] = ContextVar("request", default=None)


class WithRequests:
    """An application that notes when each request began, and the trace that its caller is in."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = dict(scope.get("headers", ())).get(b"traceparent", b"")
        token = _request.set(_Request(time_ns(), found.decode("latin-1")))
        try:
            await self._application(scope, receive, send)
        finally:
            _request.reset(token)


class OpenTelemetry(Tracing):
    """Makes spans of the steps of batches."""

    def __init__(self, processor: SpanProcessor, service: str | None = "heliograph") -> None:
        """Hand spans to a processor; `service` names what makes them, None: the environment does."""
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class Identifiers(RandomIdGenerator):
            trace = span = 0
            """The identifiers of the span that is made next; 0: any."""

            def generate_trace_id(self) -> int:
                return self.trace or super().generate_trace_id()

            def generate_span_id(self) -> int:
                return self.span or super().generate_span_id()

        self._identifiers = Identifiers()
        resource = Resource.create({} if service is None else {"service.name": service})
        self._provider = TracerProvider(id_generator=self._identifiers, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("heliograph", __version__)

    def close(self) -> None:
        """Stop, when what is there has been exported."""
        self._provider.shutdown()

    def note(self, batch_id: str, step: Step, began_ns: int, facts: Facts) -> None:
        try:
            self._note(batch_id, step, began_ns, facts)
        except Exception:  # what is watched goes on, whatever is wrong with the watching
            log.exception("a step was not traced", batch_id=batch_id, step=step.value)

    def _note(self, batch_id: str, step: Step, began_ns: int, facts: Facts) -> None:
        from opentelemetry.context import Context
        from opentelemetry.sdk.trace.sampling import Decision
        from opentelemetry.trace import (
            Link,
            NonRecordingSpan,
            SpanContext,
            SpanKind,
            TraceFlags,
            get_current_span,
            set_span_in_context,
        )
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        trace, root = to_int(batch_id), int.from_bytes(sha256(batch_id.encode()).digest()[:8]) or 1
        attributes: dict[str, Any] = {"heliograph.batch_id": batch_id}
        attributes |= {f"heliograph.{name}": value for name, value in facts.items()}
        if step is Step.ACCEPT:
            links = []
            if (request := _request.get()) is not None:
                began_ns = request.began_ns
                carried = TraceContextTextMapPropagator().extract({"traceparent": request.traceparent})
                if (caller := get_current_span(carried).get_span_context()).is_valid:
                    links.append(Link(caller))
            self._identifiers.trace, self._identifiers.span = trace, root
            try:
                span = self._tracer.start_span(step, Context(), SpanKind.SERVER, attributes, links, began_ns)
            finally:
                self._identifiers.trace = self._identifiers.span = 0
        else:
            sampled = self._provider.sampler.should_sample(None, trace, step).decision is Decision.RECORD_AND_SAMPLE
            flags = TraceFlags(TraceFlags.SAMPLED if sampled else TraceFlags.DEFAULT)
            parent = set_span_in_context(NonRecordingSpan(SpanContext(trace, root, is_remote=True, trace_flags=flags)))
            kind = SpanKind.CONSUMER if step is Step.RECEIPT else SpanKind.CLIENT
            span = self._tracer.start_span(step, parent, kind, attributes, start_time=began_ns)
        span.end()


def tracing_of(environment: Mapping[str, str]) -> OpenTelemetry | None:
    """Make what the environment asks for, by OpenTelemetry's own variables; None if it asks for nothing.

    Raises SetupError if that can't be had.
    """
    by_default = "otlp" if any(environment.get(name) for name in _ENDPOINTS) else "none"
    name = environment.get("OTEL_TRACES_EXPORTER") or by_default
    if name == "none" or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    try:
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        told = "The environment asks for traces (OTEL_TRACES_EXPORTER or OTEL_EXPORTER_OTLP_ENDPOINT)"
        raise SetupError(f"{told}, which need more: pip install 'heliograph[otel]'.") from error
    protocol = environment.get("OTEL_EXPORTER_OTLP_PROTOCOL") or "http/protobuf"
    plugin = _OTLP.get(protocol, protocol) if name == "otlp" else name
    try:
        (found,) = entry_points(group=_PLUGINS, name=plugin)
        exporter = found.load()()
    except Exception as error:  # of whatever was installed
        known = ", ".join(sorted({each.name for each in entry_points(group=_PLUGINS)}))
        raise SetupError(
            f"OTEL_TRACES_EXPORTER must be otlp, none, or what is installed here ({known}), not {name} by {protocol}."
        ) from error
    return OpenTelemetry(BatchSpanProcessor(exporter), None if environment.get("OTEL_SERVICE_NAME") else "heliograph")
