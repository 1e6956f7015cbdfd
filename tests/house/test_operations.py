"""What the table of operations says of a query and a body is what the handler's types say: so a misspelt field of
either is an error of the type checker."""

from __future__ import annotations

import inspect
from typing import get_args, get_type_hints

import pytest
from tests.doors.every_operation import doors

from heliograph.doors import Operation
from heliograph.doors.door import Handler

HANDLED = [handled for _, door in doors() for handled in door.handlers.items()]


@pytest.mark.parametrize(("operation", "handler"), HANDLED, ids=lambda each: getattr(each, "name", ""))
def test_a_handler_is_typed_as_the_table_says(operation: Operation, handler: Handler) -> None:
    (parameter,) = inspect.signature(handler).parameters

    query, body = get_args(get_type_hints(handler)[parameter])

    assert query == (operation.query or type(None))
    assert body == (operation.request or type(None))
