"""The API's description: complete, true of what is served, and a page that needs nothing from elsewhere."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from heliograph.domain.accounts import Scope

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

EXAMPLES = 2
"""How many requests each operation is asked with."""
NOT_OURS = (Scope.ADMIN, Scope.PERSON)
"""Scopes that the sandbox's key has not; tests/isolation asks with them."""
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)


@pytest.fixture(scope="module")
def document(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{server.url}/v1/openapi.json").json()
    return found


def test_each_field_and_each_parameter_is_described(document: dict[str, Any]) -> None:
    fields = [
        f"{shape}.{name}"
        for shape, schema in document["components"]["schemas"].items()
        for name, field in schema.get("properties", {}).items()
        if not field.get("description")
    ]
    parameters = [
        f"{operation['operationId']}({each['name']})"
        for methods in document["paths"].values()
        for operation in methods.values()
        for each in operation["parameters"]
        if not each.get("description")
    ]

    assert fields == []
    assert parameters == []


def test_each_error_is_listed_under_its_status(document: dict[str, Any]) -> None:
    from heliograph.api.description import errors_told

    refusals = document["components"]["responses"]
    for kind in errors_told():
        assert f"`{kind.code}`" in refusals[f"Refused{kind.http_status}"]["description"], kind


def test_the_reference_needs_nothing_from_elsewhere(server: Server, document: dict[str, Any]) -> None:
    """Each link leads to a place on the page, each operation has one, and nothing is loaded."""
    answer = httpx2.get(f"{server.url}/v1/reference")
    page = answer.text

    places = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    operations = {each["operationId"] for methods in document["paths"].values() for each in methods.values()}
    assert answer.headers["Content-Type"].startswith("text/html")
    assert links - places == set()
    assert operations - places == set()
    assert re.findall(r"<(?:script|link|img|iframe)\b|src=|url\(|@import", page) == []
    assert set(re.findall(r'href="([^#"]+)"', page)) == {"openapi.json"}


def test_what_is_answered_is_what_is_described(start_server: StartServer, document: dict[str, Any]) -> None:
    """Requests of all kinds that the description allows, and some that it does not, to a server of their own."""
    server = start_server()
    config = SchemathesisConfig()
    schema = schemathesis.openapi.from_dict(document, config=config)
    checks = [CHECKS.get_one(name) for name in CHECKED]
    wrong: list[str] = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {server.token}"
        for found in schema.get_all_operations():
            operation = found.ok()
            if any(f"scope `{scope}`" in operation.definition.raw["description"] for scope in NOT_OURS):
                continue

            @given(case=operation.as_strategy())
            @settings(
                max_examples=EXAMPLES,
                phases=[Phase.generate],
                database=None,
                derandomize=True,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            def ask(case: schemathesis.Case) -> None:
                if "timeout_s" in case.query or case.path.endswith("/events"):
                    case.query["timeout_s"] = 0
                response = case.call(base_url=server.url, session=session)
                case.validate_response(response, checks=checks)

            try:
                ask()
            except (Exception, BaseExceptionGroup) as error:
                wrong.append(f"{operation.label}: {error}")

    assert wrong == []
