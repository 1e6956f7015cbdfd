"""Which operation answers at an address."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send
from tests.doors.every_operation import EVERY

from heliograph.doors.routes import Mounts, Routes

TABLE = [
    ("GET", "/things", "list"),
    ("POST", "/things", "create"),
    ("GET", "/things/{key}", "read"),
    ("GET", "/things/newest", "never"),
    ("DELETE", "/things/{key}/parts/{part}.json", "delete"),
]


@pytest.mark.parametrize(
    ("method", "path", "target", "parameters"),
    [
        ("GET", "/things", "list", {}),
        ("HEAD", "/things", "list", {}),
        ("POST", "/things", "create", {}),
        ("GET", "/things/newest", "read", {"key": "newest"}),
        ("HEAD", "/things/7", "read", {"key": "7"}),
        ("DELETE", "/things/7/parts/a b.json", "delete", {"key": "7", "part": "a b"}),
    ],
)
def test_what_fits_first_answers_with_what_the_address_says(
    method: str, path: str, target: str, parameters: dict[str, str]
) -> None:
    assert Routes(TABLE).find(method, path) == (target, parameters)


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/things"), ("GET", "/things/"), ("GET", "/things/7/parts"), ("GET", ""), ("GET", "/")]
)
def test_nothing_answers_elsewhere(method: str, path: str) -> None:
    assert Routes(TABLE).find(method, path) is None


def test_the_methods_of_an_address_are_known() -> None:
    assert Routes(TABLE).methods_at("/things") == {"GET", "HEAD", "POST"}
    assert Routes(TABLE).methods_at("/elsewhere") == set()


def test_every_operation_is_found_as_the_router_of_the_framework_would_find_it() -> None:
    mounts = dict.fromkeys(served.mount for served in EVERY)
    for mount in mounts:
        operations = [served.operation for served in EVERY if served.mount == mount]
        routes = Routes([(each.method, each.path, each) for each in operations])
        for method, path in product({each.method for each in operations}, _asked({each.path for each in operations})):
            found = routes.find(method, path)
            assert (found and found.target.name) == next(
                (
                    each.name
                    for each in operations
                    if Route(each.path, print, methods=[each.method]).matches(_scope(method, path))[0] is Match.FULL
                ),
                None,
            )


def _asked(paths: set[str]) -> Iterator[str]:
    """Each address with something for its parameters, and the same one step on."""
    for path in paths:
        filled = path.replace("{", "").replace("}", "")
        yield from (filled, f"{filled}/more")


def _scope(method: str, path: str) -> Scope:
    return {"type": "http", "method": method, "path": path, "root_path": ""}


@pytest.mark.parametrize(
    ("path", "answered"),
    [
        ("/v1/messages", ("v1", "/v1")),
        ("/v1/", ("v1", "/v1")),
        ("/v1", ("others", "")),
        ("/v1x", ("others", "")),
        ("/v1x/messages", ("others", "")),
        ("/v1/kept", ("others", "")),
        ("/", ("others", "")),
    ],
)
async def test_a_mount_has_what_is_below_its_address(path: str, answered: tuple[str, str]) -> None:
    called: list[tuple[str, str]] = []

    def application(name: str):  # type: ignore[no-untyped-def]
        async def answer(scope: Scope, _receive: Receive, _send: Send) -> None:
            called.append((name, scope["root_path"]))

        return answer

    async def nothing(*_: object) -> None: ...

    mounts = Mounts({"/v1": application("v1")}, application("others"), kept=["/v1/kept"])
    await mounts(_scope("GET", path), nothing, nothing)  # type: ignore[arg-type]

    assert called == [answered]
