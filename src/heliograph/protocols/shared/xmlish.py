"""Reading XML that a stranger has written."""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, TreeBuilder, XMLParser

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


_DECLARATION = b"<?xml version='1.0' encoding='utf-8'?>\n"


class NotXml(ValueError):
    """The document can't be read, or is of a kind that we don't read."""


class _Declared(ValueError):
    """The document has a document type declaration; without one, nothing can be declared."""


class _Undeclared(TreeBuilder):
    def doctype(self, _name: str, _public_id: str | None, _system_id: str | None) -> None:
        raise _Declared


def parsed(document: bytes) -> Element:
    """Parse a document and return its root.

    Raises NotXml if it is not XML, and for any declaration: those are how a small document becomes a large one.
    """
    try:
        return ElementTree.fromstring(document, XMLParser(target=_Undeclared()))  # noqa: S314 - what declares anything is refused
    except _Declared as error:
        raise NotXml("The document has declarations.") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotXml(f"The document is no XML: {error}.") from error


def written(root: Element) -> bytes:
    """Write a document in UTF-8 with its declaration. Raises ValueError for characters that XML may not have."""
    document = ElementTree.tostring(root, encoding="unicode")
    if (found := _NOT_IN_XML.search(document)) is not None:
        raise ValueError(f"no XML document may have the character {found.group()!r}")
    return _DECLARATION + document.encode()


def storable_in_xml(text: str) -> str:
    """Remove the characters that no XML document may have (XML 1.0, section 2.2)."""
    return _NOT_IN_XML.sub("", text)
