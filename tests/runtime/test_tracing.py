"""Traces: a batch from the request to the callback in one, made of its identifier."""

from __future__ import annotations

import gzip
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import format_trace_id
from tests.conftest import StartServer
from tests.protocols.listening import Listener

from heliograph.api.keys import NativeKeys
from heliograph.domain.errors import SetupError
from heliograph.domain.ids import to_int
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings
from heliograph.runtime.tracing import OpenTelemetry, tracing_of
from heliograph.sandbox.accounts import FIRST

CALLER = "0af7651916cd43dd8448eb211c80319c"


async def test_a_batch_is_one_trace_from_the_request_to_the_callback(tmp_path: Path, customer: Listener) -> None:
    seen = InMemorySpanExporter()
    tracing = OpenTelemetry(SimpleSpanProcessor(seen))
    async with running(Settings(data_dir=tmp_path), tracing=tracing) as platform:
        assert platform.credentials is not None
        headers = {
            "Authorization": f"Bearer {platform.credentials[FIRST][NativeKeys.name].secret}",
            "traceparent": f"00-{CALLER}-b7ad6b7169203331-01",
        }
        transport = httpx2.ASGITransport(app=platform.web())
        async with httpx2.AsyncClient(transport=transport, base_url="http://here/v1/", headers=headers) as client:
            body = {"to": "+33655000001", "text": "x", "callback_url": customer.url, "report": "summary"}
            sent = (await client.post("messages", json=body)).json()
            while (await client.get(f"messages/{sent['id']}")).json()["status"] != "delivered":
                pass
            while not [span for span in seen.get_finished_spans() if span.name == "callback"]:
                await client.get("account")
    tracing.close()
    spans = {span.name: span for span in seen.get_finished_spans()}

    assert list(spans) == ["accept", "send", "receipt", "callback"]
    assert {span.context.trace_id for span in spans.values()} == {to_int(sent["batch_id"])}
    root, *others = spans.values()
    assert root.parent is None
    assert {span.parent.span_id for span in others if span.parent} == {root.context.span_id}
    assert [format_trace_id(link.context.trace_id) for link in root.links] == [CALLER]
    assert dict(spans["send"].attributes or {})["heliograph.provider"] == "sandbox"
    assert dict(spans["receipt"].attributes or {})["heliograph.status"] == "delivered"
    assert all(began(span) >= began(root) for span in others)


def began(span: ReadableSpan) -> int:
    assert span.start_time is not None
    return span.start_time


def test_a_server_exports_what_the_standard_variables_say(start_server: StartServer, tmp_path: Path) -> None:
    collector = Listener(200, content_type="application/x-protobuf")
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.origin, "OTEL_SERVICE_NAME": "texts"}
    server = start_server(tmp_path / "data", environment=environment)
    with server.client() as client:
        message = client.messages.send(to="+33655000001", text="x")
        client.messages.wait_for_delivery(message.id)
    assert server.stop() == 0
    collector.close()

    spans: list[Span] = []
    while not collector.received.empty():
        path, headers, body = collector.received.get()
        assert path == "/v1/traces"
        told = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        for resource in ExportTraceServiceRequest.FromString(told).resource_spans:
            assert "texts" in {each.value.string_value for each in resource.resource.attributes}
            spans += [span for scope in resource.scope_spans for span in scope.spans]
    assert {span.trace_id for span in spans} == {to_int(message.batch_id).to_bytes(16)}
    assert {"accept", "send", "receipt"} <= {span.name for span in spans}
    assert all(any(span.span_id) for span in spans)


@pytest.mark.parametrize(
    "environment",
    [{}, {"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}],
)
def test_nothing_is_traced_unless_the_environment_says_so(environment: dict[str, str]) -> None:
    assert tracing_of(environment) is None


def test_an_exporter_that_is_none_is_one_sentence() -> None:
    with pytest.raises(SetupError, match="OTEL_TRACES_EXPORTER must be otlp, none, or what is installed here"):
        tracing_of({"OTEL_TRACES_EXPORTER": "zipkin-of-nobody"})
