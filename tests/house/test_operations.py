"""What the table of operations says of a query and a body is what the handler's types say: so a misspelt field of
either is an error of the type checker."""

from __future__ import annotations

import inspect
from typing import get_args, get_type_hints

import pytest
from tests.doors.every_operation import doors

from heliograph.doors import Door, Operation

HANDLED = [(door, operation) for _, door in doors() for operation in door.operations]


@pytest.mark.parametrize(("door", "operation"), HANDLED, ids=lambda each: getattr(each, "name", ""))
def test_a_handler_is_typed_as_the_table_says(door: Door, operation: Operation) -> None:
    handler = getattr(door, operation.name)
    (parameter,) = inspect.signature(handler).parameters

    query, body = get_args(get_type_hints(handler)[parameter])

    assert query == (operation.query or type(None))
    assert body == (operation.request or type(None))
