"""Lists by the published client: every page forward and back, and every filter."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Server
    from twilio.base.page import Page
    from twilio.rest import Client

    from heliograph.sdk import Client as NativeClient

    from .conftest import NewNumber

LINKS = [f"https://example.org/{place}.jpg" for place in range(7)]


@pytest.fixture(scope="module")
def talk(server: Server) -> tuple[str, list[str]]:
    """A number that seven messages went to, and their sids, newest first."""
    from .conftest import published

    client, number = published(server), "+33611117777"
    sids = [client.messages.create(to=number, from_="Acme", body=f"No {place}").sid for place in range(7)]
    client.http_client.session.close()
    return number, sids[::-1]


@pytest.fixture(scope="module")
def illustrated(server: Server) -> str:
    """A message with seven media."""
    from .conftest import published

    client = published(server)
    made: str = client.messages.create(to="+33611117778", from_="Acme", body="Look", media_url=LINKS).sid
    client.http_client.session.close()
    return made


def sids_of(page: Page) -> list[str]:
    """Its items can be read once."""
    return [item.sid for item in page]


def there_and_back(first: Page) -> tuple[list[list[str]], list[list[str]]]:
    """The sids on each page from the first to the last, and on each from the last but one to the first."""
    forward, back, at = [sids_of(first)], [], first
    while (following := at.next_page()) is not None:
        forward.append(sids_of(at := following))
    while (before := at.previous_page()) is not None:
        back.append(sids_of(at := before))
    return forward, back


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.integers(1, 8))
def test_messages_are_the_same_forward_and_back(twilio: Client, talk: tuple[str, list[str]], size: int) -> None:
    number, sids = talk

    forward, back = there_and_back(twilio.messages.page(to=number, page_size=size))

    assert forward == [sids[start : start + size] for start in range(0, len(sids), size)]
    assert back == forward[-2::-1]


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.integers(1, 8))
def test_so_are_media(twilio: Client, illustrated: str, size: int) -> None:
    media = twilio.messages(illustrated).media

    forward, back = there_and_back(media.page(page_size=size))

    assert [sid for page in forward for sid in page] == [medium.sid for medium in media.list()]
    assert all(len(page) == size for page in forward[:-1])
    assert back == forward[-2::-1]


def test_a_page_says_where_it_is(twilio: Client, talk: tuple[str, list[str]]) -> None:
    number, _ = talk
    first = twilio.messages.page(to=number, page_size=3)
    second = first.next_page()
    third = second.next_page()
    alone = twilio.messages.page(to=number, page_size=50)

    said = [
        {name: page._payload[name] for name in ("page", "page_size", "start", "end")} for page in (first, second, third)
    ]
    assert said == [
        {"page": 0, "page_size": 3, "start": 0, "end": 2},
        {"page": 1, "page_size": 3, "start": 3, "end": 5},
        {"page": 2, "page_size": 3, "start": 6, "end": 6},
    ]
    assert (first._payload["previous_page_uri"], third._payload["next_page_uri"]) == (None, None)
    assert {page._payload["first_page_uri"] for page in (first, second, third)} == {first._payload["uri"]}
    assert (alone._payload["previous_page_uri"], alone._payload["next_page_uri"]) == (None, None)


def test_what_comes_meanwhile_does_not_shift_a_page(twilio: Client, new_number: NewNumber) -> None:
    number = new_number()
    old = [twilio.messages.create(to=number, from_="Acme", body="Old").sid for _ in range(4)][::-1]
    second = twilio.messages.page(to=number, page_size=2).next_page()
    new = [twilio.messages.create(to=number, from_="Acme", body="New").sid for _ in range(3)][::-1]

    before = second.previous_page()
    newer = before.previous_page()
    newest = newer.previous_page()

    assert [sids_of(page) for page in (before, newer, newest)] == [old[:2], new[1:], new[:1]]
    assert newest.previous_page() is None


class Asked:
    """Lists as whoever writes the query asks for them."""

    def __init__(self, server: Server) -> None:
        entry = server.ready["protocols"]["twilio"]
        self.account = f"/2010-04-01/Accounts/{entry['account_sid']}"
        self.client = httpx2.Client(
            base_url=entry["base_url"], auth=(entry["account_sid"], entry["auth_token"]), trust_env=False
        )

    def __call__(self, path: str, **query: str) -> tuple[int, dict[str, Any]]:
        answer = self.client.get(f"{self.account}/{path}", params=query)
        return answer.status_code, answer.json()


@pytest.fixture
def asked(server: Server) -> Iterator[Asked]:
    made = Asked(server)
    yield made
    made.client.close()


LISTS = ["Messages.json", "Messages/{sid}/Media.json"]


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("size", "shown"), [("0000050", 50), ("1", 1), ("1000", 1000), ("5000", 1000), ("0" * 5_000 + "2", 2)]
)
def test_a_size_has_leading_zeros_and_an_end(asked: Asked, illustrated: str, path: str, size: str, shown: int) -> None:
    status, page = asked(path.format(sid=illustrated), PageSize=size)

    assert (status, page["page_size"]) == (200, shown)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("name", ["PageSize", "Page"])
@pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "٣", " 5", "1_0", "0x5", "9" * 5_000, "999999999999", "many"])
def test_what_is_no_number_is_refused(asked: Asked, illustrated: str, path: str, name: str, value: str) -> None:
    status, said = asked(path.format(sid=illustrated), **{name: value})

    assert (status, said["code"], said["status"]) == (400, 20001, 400)


@pytest.mark.parametrize("token", ["PA", "x", "PASM1", "PCSM" + "0" * 32, "PAME" + "0" * 32, "PBSM" + "g" * 32])
def test_what_is_no_token_of_ours_is_refused(asked: Asked, token: str) -> None:
    assert asked("Messages.json", PageToken=token)[1]["code"] == 20001


@pytest.mark.parametrize("token", ["PASM" + "0" * 32, "PBSM" + "f" * 32, "PBMM" + "9" * 32])
def test_behind_everything_there_is_nothing(asked: Asked, token: str) -> None:
    status, page = asked("Messages.json", PageToken=token, Page="3")

    assert (status, page["messages"]) == (200, [])
    assert (page["next_page_uri"], page["previous_page_uri"]) == (None, None)


INSTANTS = st.one_of(
    st.dates().map(date.isoformat),
    st.datetimes().map(datetime.isoformat),
    st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    st.sampled_from(["9999-12-31", "0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]),
    st.text(max_size=12),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.sampled_from([("Messages.json", "DateSent"), (LISTS[1], "DateCreated")]),
    st.dictionaries(st.sampled_from(["", "<", ">"]), INSTANTS, min_size=1),
)
def test_a_filter_is_applied_or_refused_and_never_fails(
    asked: Asked, illustrated: str, where: tuple[str, str], filters: dict[str, str]
) -> None:
    path, name = where

    status, said = asked(path.format(sid=illustrated), **{name + mark: text for mark, text in filters.items()})

    assert status == 200 or (status, said["code"]) == (400, 20001)


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_filter_with_what_no_number_has_finds_nothing(asked: Asked, character: str) -> None:
    query = {"To": character.encode("utf-8", "surrogatepass")}

    assert asked.client.get(f"{asked.account}/Messages.json", params=query).status_code in {200, 400}


def filters_around(at: datetime, of: str) -> list[tuple[dict[str, datetime | date], bool]]:
    second = timedelta(seconds=1)
    return [
        ({of: at}, True),
        ({of: at.date()}, True),
        ({of: at - timedelta(days=1)}, False),
        ({of: at + timedelta(days=1)}, False),
        ({f"{of}_after": at}, True),
        ({f"{of}_after": at + second}, False),
        ({f"{of}_before": at}, True),
        ({f"{of}_before": at - second}, False),
        ({f"{of}_after": at, f"{of}_before": at}, True),
        ({of: at, f"{of}_after": at + second}, False),
        ({of: at, f"{of}_before": at - second}, False),
    ]


def test_both_lists_are_filtered_to_the_second(twilio: Client, illustrated: str, new_number: NewNumber) -> None:
    number = new_number()
    made = twilio.messages.create(to=number, from_="Acme", body="x")
    (medium, *_) = twilio.messages(illustrated).media.list()

    for asked_for, found in filters_around(made.date_created.astimezone(UTC), "date_sent"):
        assert ([each.sid for each in twilio.messages.list(to=number, **asked_for)] == [made.sid]) is found, asked_for
    for asked_for, found in filters_around(medium.date_created.astimezone(UTC), "date_created"):
        assert len(twilio.messages(illustrated).media.list(**asked_for)) == (len(LINKS) if found else 0), asked_for


def test_filters_go_on_over_the_pages(twilio: Client, talk: tuple[str, list[str]]) -> None:
    number, sids = talk
    since = datetime.now(UTC) - timedelta(hours=1)

    forward, back = there_and_back(twilio.messages.page(to=number, from_="Acme", date_sent_after=since, page_size=2))

    assert [sid for page in forward for sid in page] == sids
    assert back == forward[-2::-1]


def test_an_inbound_message_has_no_media(twilio: Client, native: NativeClient, new_number: NewNumber) -> None:
    number = new_number()
    twilio.messages.create(to=number, from_="+15005550006", body="Hello")
    native.sandbox.wait_for_message(number)
    native.sandbox.reply(number, to="+15005550006", text="Hi")
    (arrived,) = twilio.messages.list(from_=number)

    assert twilio.messages(arrived.sid).media.list() == []
    with pytest.raises(TwilioRestException):
        twilio.messages(arrived.sid).media("ME" + "0" * 32).fetch()
