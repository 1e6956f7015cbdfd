"""What a template comes to, shown before anybody gets it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.template import Template
from django.template.base import VariableNode
from django.template.exceptions import TemplateDoesNotExist, TemplateSyntaxError

from heliograph.django import conf
from heliograph.django.errors import SMSSendingError
from heliograph.django.models.templates import with_what_it_takes
from heliograph.django.recipients import canonical, msisdn_of
from heliograph.django.sending import content_of
from heliograph.domain.prices import MICROS
from heliograph.numbers import country_of
from heliograph.text import TooManyParts, measure_text


class PreviewForm(forms.Form):
    context_data = forms.JSONField(
        label="Values",
        required=False,
        help_text="JSON: what send_template is given.",
        widget=forms.Textarea(attrs={"rows": 6, "cols": 60}),
    )
    recipient = forms.CharField(required=False, help_text="Decides the price; may be empty.")

    def clean_context_data(self) -> dict[str, Any]:
        values = self.cleaned_data["context_data"]
        if values is None:
            return {}
        if not isinstance(values, dict):
            raise ValidationError('Write an object, such as {"name": "Ann"}.')
        return values

    @staticmethod
    def for_template(template: Any) -> dict[str, Any]:
        """Make values to begin with, each showing the name that it stands for."""
        return {"context_data": sample_values(template.get_body()), "recipient": ""}


class Preview(NamedTuple):
    content: str = ""
    encoding: str = ""
    characters: int = 0
    parts: int = 0
    room: int = 0
    """How many more characters would fit in the last part."""
    price: str | None = None
    """The price with its currency; None if no prices are set."""
    changed: bool = False
    """Whether characters were replaced because the setting USE_ACCENT is off."""
    mistake: str = ""


def sample_values(body: str) -> dict[str, Any]:
    """Find the names that a template fills in, each with a value that shows it; none for a body that can't be read."""
    try:
        nodes = Template(body).nodelist.get_nodes_by_type(VariableNode)
    except (TemplateSyntaxError, TemplateDoesNotExist):
        return {}
    values: dict[str, Any] = {}
    for node in nodes:
        variable = getattr(node.filter_expression, "var", None)
        lookups = getattr(variable, "lookups", None) or ()
        _put(values, list(lookups))
    return values


def _put(values: dict[str, Any], lookups: list[str]) -> None:
    for place, name in enumerate(lookups):
        if place == len(lookups) - 1:
            values.setdefault(name, name)
        elif isinstance(values.setdefault(name, {}), dict):
            values = values[name]
        else:
            return


def preview(template: Any, context_data: Mapping[str, Any], recipient: str = "") -> Preview:
    """Render what would be sent. Raises nothing: a mistake is part of the result."""
    try:
        number = canonical(recipient) if recipient else ""
        rendered = with_what_it_takes(template.render_body, context_data=context_data, recipient=number)
        content = content_of(rendered)
        measure = measure_text(content)
        price = _price(measure.parts, number)
    except (SMSSendingError, TooManyParts) as error:
        return Preview(mistake=str(error))
    except Exception as error:  # a template may call anything
        return Preview(mistake=f"{type(error).__name__}: {error}")
    return Preview(
        content=content,
        encoding={"gsm7": "GSM-7", "ucs2": "UCS-2"}[measure.encoding],
        characters=len(content),
        parts=measure.parts,
        room=measure.room,
        price=price,
        changed=content != rendered,
    )


def _price(parts: int, number: str) -> str | None:
    tariff = conf.tariff()
    if tariff is None:
        return None
    country = country_of(msisdn_of(number)) if number else None
    micros = tariff.price_of("sms", country)
    if micros is None:
        return "no price"
    return f"{micros * parts / MICROS:.4f}".rstrip("0").rstrip(".") + f" {tariff.currency}"
