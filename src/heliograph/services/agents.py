"""The device that followed a short address, by what its browser says of itself."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_TABLETS = ("ipad", "tablet", "kindle", "sm-t", "nexus 7", "nexus 10")
_DESKTOPS = {"Windows", "Mac OS X", "Linux", "Ubuntu", "Fedora", "Chrome OS", "FreeBSD"}


class Agent(NamedTuple):
    """A device and its browser; None for what can't be told."""

    device: str | None
    """One of mobile, tablet and desktop."""
    browser: str | None
    browser_version: str | None
    os: str | None
    os_version: str | None
    brand: str | None
    model: str | None


NOBODY = Agent(None, None, None, None, None, None, None)


@lru_cache(maxsize=10_000)
def agent_of(user_agent: str | None) -> Agent:
    """Read a `User-Agent` header. The answer is kept for a while: many hits come by the same browsers."""
    if not user_agent:
        return NOBODY
    from ua_parser import parse

    found = parse(user_agent).with_defaults()
    os = _known(found.os.family)
    brand, model = _known(found.device.brand), _known(found.device.model)
    return Agent(
        _device(user_agent.lower(), os, model),
        _known(found.user_agent.family),
        _version(found.user_agent.major, found.user_agent.minor),
        os,
        _version(found.os.major, found.os.minor),
        brand,
        model,
    )


def _known(name: str | None) -> str | None:
    return None if not name or name == "Other" else name


def _version(major: str | None, minor: str | None) -> str | None:
    return None if major is None else major if minor is None else f"{major}.{minor}"


def _device(text: str, os: str | None, model: str | None) -> str | None:
    if any(word in text for word in _TABLETS) or (os == "Android" and "mobile" not in text):
        return "tablet"
    if os in {"iOS", "Android", "Windows Phone"} or "mobile" in text:
        return "mobile"
    return "desktop" if os in _DESKTOPS or model == "Mac" else None
