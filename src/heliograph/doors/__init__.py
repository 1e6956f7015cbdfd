"""What all HTTP doors have in common: a table of operations, and the machinery that serves one."""

from heliograph.doors.door import AnyCall, Call, Door, Resource
from heliograph.doors.operations import Operation, Reply

__all__ = ["AnyCall", "Call", "Door", "Operation", "Reply", "Resource"]
