"""Reading XML that a stranger has written."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element


class NotXml(ValueError):
    """The document can't be read, or is of a kind that we don't read."""


def parsed(document: bytes) -> Element:
    """The root. NotXml also for a document that declares anything: declarations are how a small one becomes large."""
    if b"<!DOCTYPE" in document or b"<!ENTITY" in document:
        raise NotXml("The document has declarations.")
    try:
        return ElementTree.fromstring(document)  # noqa: S314 - nothing is declared in it
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotXml(f"The document is no XML: {error}.") from error


def written(root: Element) -> bytes:
    """In UTF-8, with a declaration of that."""
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def storable_in_xml(text: str) -> str:
    """Without the characters that no XML document may have (XML 1.0, section 2.2)."""
    return "".join(each for each in text if each in "\t\n\r" or (each >= "\x20" and each not in "\ufffe\uffff"))
