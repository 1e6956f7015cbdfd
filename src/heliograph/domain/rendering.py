"""Renders a batch's body as one recipient gets it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from heliograph.domain.batches import USUAL, Batch, BodyKind, Options, Parameters
from heliograph.domain.channels import Channel
from heliograph.domain.statuses import Reason
from heliograph.text import (
    MAX_PARTS,
    Encoding,
    MissingParameter,
    ParameterTable,
    Template,
    TooManyParts,
    measure_text,
    measure_ucs2,
    shorten_to_one_part,
)


class Rendered(NamedTuple):
    body: str
    """The text with its parameters filled in; for binary, the octets in standard base64."""
    encoding: str
    parts: int
    """More than `MAX_PARTS` if the text fits in no message at all."""
    values: Mapping[str, str] | None = None
    """What was filled in for this recipient; None if the body is the same for everybody, or was cut."""


class Unsendable(NamedTuple):
    """Why a message can't be sent."""

    reason: Reason
    names: tuple[str, ...] = ()
    """The parameters that have no value."""

    @property
    def detail(self) -> str | None:
        return str(MissingParameter(self.names)) if self.names else None


class Rendering:
    """Renders one body for many recipients: what they share is computed once."""

    def __init__(
        self,
        kind: BodyKind,
        body: str,
        parameters: Parameters | None,
        options: Options = USUAL,
        leg: int = 0,
        fields: Parameters | None = None,
    ) -> None:
        """Prepare the body of a leg: 0 is `body` itself, n the nth fallback of the options.

        `fields` are the values of contacts' fields, by MSISDN.
        """
        self._truncate = options.truncate
        self._ucs2 = options.ucs2
        self.channel, self.rich_media = options.channel, options.rich_media
        if leg:
            fallback = options.fallbacks[leg - 1]
            self.channel, body, self.rich_media = fallback.channel, fallback.body, fallback.rich_media
        self.template = body
        """With its parameters not filled in."""
        self.shared: Rendered | None = None
        """What everybody gets, if that is the same for all."""
        if kind is BodyKind.BINARY:
            self.shared = Rendered(body, Encoding.BINARY.value, 1)
            return
        self._template = Template(body)
        self._table = ParameterTable(parameters or {}, fields)
        if not self._template.names:
            self.shared = self._measured(self._template.render({}))

    def render(self, msisdn: str) -> Rendered:
        """Render the body for one recipient.

        Raises text.MissingParameter if a parameter has neither a value for this recipient nor a default.
        """
        if self.shared is not None:
            return self.shared
        values = self._table.values_for(msisdn)
        text = self._template.render(values)
        rendered = self._measured(text)
        return rendered._replace(values=values) if rendered.body is text else rendered

    def make(self, msisdn: str, most: int) -> Rendered | Unsendable:
        """Render the body for one recipient, or say why that can't be sent.

        It can't if a parameter has no value, or if it has more than `most` parts.
        """
        try:
            rendered = self.render(msisdn)
        except MissingParameter as error:
            return Unsendable(Reason.MISSING_PARAMETER, error.names)
        return rendered if rendered.parts <= most else Unsendable(Reason.TOO_MANY_PARTS)

    def _measured(self, text: str) -> Rendered:
        if self.channel is not Channel.SMS:  # other channels know no parts
            return Rendered(text, Encoding.UCS2.value, 1)
        try:
            measure = measure_ucs2(text) if self._ucs2 else measure_text(text)
        except TooManyParts:
            if not self._truncate:
                return Rendered(text, Encoding.UCS2.value, MAX_PARTS + 1)
        else:
            if measure.parts == 1 or not self._truncate:
                return Rendered(text, measure.encoding.value, measure.parts)
        text = shorten_to_one_part(text)
        return Rendered(text, measure_text(text).encoding.value, 1)


def renderings(
    kind: BodyKind, body: str, parameters: Parameters | None, options: Options, fields: Parameters | None
) -> list[Rendering]:
    """Make a rendering of each leg: the body itself, then the fallbacks of the options."""
    return [Rendering(kind, body, parameters, options, leg, fields) for leg in range(len(options.fallbacks) + 1)]


def renderings_of(batch: Batch) -> list[Rendering]:
    """Make a rendering of each leg of a batch."""
    return renderings(batch.kind, batch.body, batch.parameters, batch.options, batch.fields)


def most_parts(wanted: int | None) -> int:
    """Return how many parts a message may have, if its batch asked for at most `wanted`; None asks for no limit."""
    return min(wanted or MAX_PARTS, MAX_PARTS)


def open_names(batch: Batch, msisdns: Sequence[str]) -> set[str]:
    """Find the names in a batch's texts that its parameters do not give each recipient a value of their own for."""
    texts = [batch.body, *(fallback.body for fallback in batch.options.fallbacks)]
    if batch.kind is BodyKind.BINARY or batch.options.as_given or not any("${" in text for text in texts):
        return set()
    table = batch.parameters or {}
    names = {name for text in texts for name in Template(text).names}
    return {name for name in names if not _has_all(table.get(name), msisdns)}


def _has_all(column: Mapping[str, str] | None, msisdns: Sequence[str]) -> bool:
    """Say whether a parameter has a value under each of these MSISDNs.

    A value whose number is written in another way is not found here; it still counts when the text is rendered.
    """
    return column is not None and all(msisdn in column or f"+{msisdn}" in column for msisdn in msisdns)
