"""How templates are rendered: what all of them can use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from heliograph.console.texts import has_text, text
from heliograph.domain.prices import MICROS
from heliograph.numbers import with_plus


def number(value: float) -> str:
    """Write a number with its thousands apart."""
    return f"{value:,}"


def money(micros: int, currency: str) -> str:
    """Write millionths of a currency: two decimals, or more where there are more."""
    amount = Decimal(micros) / MICROS
    shown = f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount.normalize():,f}"
    return f"{shown} {currency}"


def query(values: Mapping[str, str], **changed: str | None) -> str:
    """Write the query of an address: `values`, with some of them changed or (None) left out."""
    kept = {name: value for name, value in {**values, **changed}.items() if value}
    return "?" + urlencode(kept) if kept else ""


_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


def linked(words: str) -> Markup:
    """Write a text with its addresses as links, which tell nobody where they were followed from."""
    found, done = Markup(), 0
    for match in _URL.finditer(words):
        link = Markup('<a href="{0}" target="_blank" rel="noreferrer noopener">{0}</a>').format(match[0])
        found += escape(words[done : match.start()]) + link
        done = match.end()
    return found + escape(words[done:])


_templates = Environment(
    loader=PackageLoader("heliograph.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals |= {"t": text, "has_text": has_text, "query": query}
_templates.filters |= {"number": number, "money": money, "plus": with_plus, "linked": linked}


def render(template: str, /, **values: object) -> str:
    """Render a template of the console."""
    return _templates.get_template(template).render(**values)
