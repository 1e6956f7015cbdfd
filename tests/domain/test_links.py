"""Who opens a short address: people, or programs that only look."""

from __future__ import annotations

import pytest

from heliograph.domain.links import is_preview

PEOPLE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; CUBOT P80) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0 Mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/21F79 "
    "[FBAN/FBIOS;FBAV/466.0.0.33.109;FBDV/iPhone15,2]",
    "curl/8.7.1",
    None,
)
PROGRAMS = (
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "facebookexternalhit/1.1 Facebot Twitterbot/1.0",  # iMessage
    "WhatsApp/2.23.20.0 A",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0 Safari/537.36",
)


@pytest.mark.parametrize(("agents", "preview"), [(PEOPLE, False), (PROGRAMS, True)], ids=["people", "programs"])
def test_a_program_is_known_by_its_name(agents: tuple[str | None, ...], preview: bool) -> None:
    assert [agent for agent in agents if is_preview(agent, ()) is not preview] == []


@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "preview", "Prefetch;anonymous-client-ip"])
def test_what_a_browser_fetches_before_it_is_told_to_is_nobody(purpose: str) -> None:
    assert is_preview(PEOPLE[0], [purpose])
    assert not is_preview(PEOPLE[0], ["navigate"])
