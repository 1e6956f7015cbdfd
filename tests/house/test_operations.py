"""What the table of operations says of a query and a body is what the handler's types say: so a misspelt field of
either is an error of the type checker."""

from __future__ import annotations

import inspect
import re
from typing import get_args, get_type_hints

import pytest
from starlette.routing import compile_path
from tests.doors.every_operation import doors

from heliograph.doors import Door, Operation
from heliograph.doors.door import Handler

HANDLED = [handled for _, door in doors() for handled in door.handlers.items()]


@pytest.mark.parametrize(("operation", "handler"), HANDLED, ids=lambda each: getattr(each, "name", ""))
def test_a_handler_is_typed_as_the_table_says(operation: Operation, handler: Handler) -> None:
    (parameter,) = inspect.signature(handler).parameters

    query, body = get_args(get_type_hints(handler)[parameter])

    assert query == (operation.query or type(None))
    assert body == (operation.request or type(None))


@pytest.mark.parametrize("door", [door for _, door in doors()], ids=lambda door: type(door).__name__)
def test_no_operation_of_a_door_hides_another(door: Door) -> None:
    """Of those that an address fits the first is called, also where resources of a door come one after the other."""
    for operation in door.operations:
        address = re.sub(r"{\w+}", "x", operation.path)
        fitting = [
            each
            for each in door.operations
            if each.method == operation.method and compile_path(each.path)[0].fullmatch(address)
        ]

        assert fitting[0] is operation
