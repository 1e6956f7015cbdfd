"""A batch's body as one recipient gets it."""

from __future__ import annotations

from typing import NamedTuple

from heliograph.domain.batches import BodyKind, Parameters
from heliograph.text import MAX_PARTS, Encoding, ParameterTable, Template, TooManyParts, measure_text


class Rendered(NamedTuple):
    body: str
    """The text with its parameters filled in; for binary, standard base64."""
    encoding: str
    parts: int
    """More than `MAX_PARTS` if the text fits in no message at all."""


class Rendering:
    """Renders one body for many recipients: what they share is worked out once."""

    def __init__(self, kind: BodyKind, body: str, parameters: Parameters | None) -> None:
        self._shared: Rendered | None = None
        if kind is BodyKind.BINARY:
            self._shared = Rendered(body, Encoding.BINARY.value, 1)
            return
        self._template = Template(body)
        self._table = ParameterTable(parameters or {})
        if not self._template.names:
            self._shared = _measured(self._template.render({}))

    def render(self, msisdn: str) -> Rendered:
        """Raises text.MissingParameter if a parameter has neither a value for this recipient nor a default."""
        if self._shared is not None:
            return self._shared
        return _measured(self._template.render(self._table.values_for(msisdn)))


def _measured(text: str) -> Rendered:
    try:
        measure = measure_text(text)
    except TooManyParts:
        return Rendered(text, Encoding.UCS2.value, MAX_PARTS + 1)
    return Rendered(text, measure.encoding.value, measure.parts)
