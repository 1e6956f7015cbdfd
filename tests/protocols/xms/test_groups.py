"""Groups, by the published client: what is in them, who gets what is sent to them, and what people write to them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import clx.xms
import httpx2
import pytest
from clx.xms import api
from clx.xms.exceptions import ErrorResponseException, NotFoundException

from heliograph.api import wire

from .conftest import Listener, settle, text_batch

if TYPE_CHECKING:
    from tests.conftest import Server

NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def group(**fields: Any) -> api.GroupCreate:
    made = api.GroupCreate()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def update(**fields: Any) -> api.GroupUpdate:
    change = api.GroupUpdate()
    for name, value in fields.items():
        setattr(change, name, value)
    return change


def test_a_group_is_created_fetched_and_deleted(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    one, two = new_number(), new_number()
    child = xms.create_group(group(members={one}))
    words = api.GroupAutoUpdate("12345", "join", "now", "leave")
    name = f"With {one}"

    made = xms.create_group(
        group(
            name=name,
            members={one, two, f"00{two[1:]}"},
            child_groups={child.group_id},
            auto_update=words,
            tags={"x", "y"},
        )
    )
    fetched = xms.fetch_group(made.group_id)

    assert (fetched.name, fetched.size, fetched.child_groups) == (name, 2, {child.group_id})
    assert fetched.auto_update.recipient == "12345"
    assert (fetched.auto_update.add_word_pair, fetched.auto_update.remove_word_pair) == (
        ("join", "now"),
        ("leave", None),
    )
    assert fetched.created_at == fetched.modified_at == made.created_at
    assert xms.fetch_group_members(made.group_id) == {one[1:], two[1:]}
    assert xms.fetch_group_tags(made.group_id) == {"x", "y"}

    xms.delete_group(made.group_id)
    with pytest.raises(NotFoundException):
        xms.fetch_group(made.group_id)
    with pytest.raises(NotFoundException):
        xms.delete_group(made.group_id)


def test_an_empty_group_is_one_too(xms: clx.xms.Client) -> None:
    made = xms.create_group(api.GroupCreate())

    assert (made.name, made.size, made.child_groups, made.auto_update) == (None, 0, set(), None)
    assert xms.fetch_group_members(made.group_id) == set()


def test_listing_by_tag_is_paged_and_ends(other_xms: clx.xms.Client) -> None:
    made = [other_xms.create_group(group(tags={"paged"})).group_id for _ in range(5)]
    other_xms.create_group(group(tags={"pagedtoo"}))

    pages = list(other_xms.fetch_groups(page_size=2, tags={"paged", "nothing"}))

    assert [page.size for page in pages] == [2, 2, 1]
    assert [each.group_id for page in pages for each in page] == made[::-1]
    assert {page.total_size for page in pages} == {5}
    assert other_xms.fetch_groups().get(0).total_size == 6


def test_members_come_and_go(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    one, two, three, four = (new_number()[1:] for _ in range(4))
    other = xms.create_group(group(members={three, four}))
    made = xms.create_group(group(members={one}))

    def members(**change: Any) -> set[str]:
        changed = xms.update_group(made.group_id, update(**change))
        found: set[str] = xms.fetch_group_members(made.group_id)
        assert changed.size == len(found)
        return found

    assert members(member_insertions={two, one}) == {one, two}
    assert members(member_insertions={three}, member_removals={three, one, four}) == {two}
    assert members(add_from_group=other.group_id) == {two, three, four}
    xms.update_group(other.group_id, update(member_removals={three}))
    assert members(remove_from_group=other.group_id) == {two, three}


def test_children_come_and_go(xms: clx.xms.Client) -> None:
    one, two = xms.create_group(group()).group_id, xms.create_group(group()).group_id
    made = xms.create_group(group(child_groups={one})).group_id

    both = xms.update_group(made, update(child_group_insertions={two}))
    second = xms.update_group(made, update(child_group_removals={one}))
    xms.delete_group(two)

    assert (both.child_groups, second.child_groups) == ({one, two}, {two})
    assert xms.fetch_group(made).child_groups == set()


def test_null_resets_the_name_and_the_keywords(xms: clx.xms.Client) -> None:
    made = xms.create_group(group(name="To reset", auto_update=api.GroupAutoUpdate("12345", "IN", None, "OUT")))

    renamed = xms.update_group(made.group_id, update(name="Renamed"))
    reset = xms.update_group(made.group_id, update(name=api.RESET, auto_update=api.RESET))

    assert (renamed.name, renamed.auto_update.add_word_pair) == ("Renamed", ("IN", None))
    assert (reset.name, reset.auto_update) == (None, None)
    assert reset.modified_at > made.modified_at


def test_a_group_is_replaced_as_a_whole(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    old, new = new_number()[1:], new_number()[1:]
    child = xms.create_group(group()).group_id
    made = xms.create_group(
        group(name="Old name", members={old}, child_groups={child}, auto_update=api.GroupAutoUpdate("1234", "A"))
    )

    replaced = xms.replace_group(made.group_id, group(members={new}))

    assert (replaced.group_id, replaced.name, replaced.child_groups) == (made.group_id, None, set())
    assert (replaced.auto_update, replaced.created_at) == (None, made.created_at)
    assert xms.fetch_group_members(made.group_id) == {new}


def test_tags_are_read_replaced_and_changed(xms: clx.xms.Client) -> None:
    made = xms.create_group(group(tags={"a"})).group_id

    assert xms.replace_group_tags(made, {"b", "c"}) == {"b", "c"}
    assert xms.update_group_tags(made, {"d"}, {"b"}) == {"c", "d"}
    assert xms.fetch_group_tags(made) == {"c", "d"}


def test_tags_are_a_thousand_at_most_however_many_requests_bring_them(xms: clx.xms.Client) -> None:
    made = xms.create_group(group(tags={f"{place}" for place in range(999)})).group_id

    assert len(xms.update_group_tags(made, {"999"}, {"0", "998"})) == 998
    xms.update_group_tags(made, {"0", "998"}, set())
    with pytest.raises(ErrorResponseException) as refusal:
        xms.update_group_tags(made, {"one more"}, set())

    assert refusal.value.error_code == "syntax_constraint_violation"
    assert len(xms.fetch_group_tags(made)) == 1_000
    assert xms.update_group_tags(made, set(), {f"{place}" for place in range(999)}) == {"999"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "x" * 21}, "syntax_constraint_violation"),
        ({"members": {"hello"}}, "syntax_invalid_parameter_format"),
        ({"members": {f"3361{n:07d}" for n in range(10_001)}}, "syntax_constraint_violation"),
        ({"child_groups": {NOBODY}}, "unknown_group"),
        ({"child_groups": {f"G{n}" for n in range(11)}}, "syntax_constraint_violation"),
        ({"auto_update": api.GroupAutoUpdate("12345", "x" * 16)}, "syntax_constraint_violation"),
        ({"auto_update": api.GroupAutoUpdate("12345", "two words")}, "syntax_constraint_violation"),
        ({"auto_update": api.GroupAutoUpdate("12345", None, "second")}, "syntax_constraint_violation"),
        ({"auto_update": api.GroupAutoUpdate("ABCDEFGHIJKL", "JOIN")}, "syntax_invalid_parameter_format"),
        ({"name": "Taken"}, "conflict_group_name"),
    ],
)
def test_a_group_that_breaks_a_rule_is_refused_and_nothing_is_stored(
    other_xms: clx.xms.Client, fields: dict[str, Any], code: str
) -> None:
    if not any(found.name == "Taken" for page in other_xms.fetch_groups() for found in page):
        other_xms.create_group(group(name="Taken"))
    made = other_xms.create_group(group(name=None))
    before = other_xms.fetch_groups().get(0).total_size

    for attempt in (
        lambda: other_xms.create_group(group(**fields)),
        lambda: other_xms.replace_group(made.group_id, group(**fields)),
    ):
        with pytest.raises(ErrorResponseException) as refused:
            attempt()
        assert refused.value.error_code == code

    assert other_xms.fetch_groups().get(0).total_size == before
    assert vars(other_xms.fetch_group(made.group_id)) == vars(made)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"add_from_group": NOBODY}, "unknown_group"),
        ({"remove_from_group": NOBODY}, "unknown_group"),
        ({"child_group_insertions": {NOBODY}}, "unknown_group"),
        ({"member_insertions": {"x"}}, "syntax_invalid_parameter_format"),
    ],
)
def test_a_change_that_breaks_a_rule_leaves_the_group_as_it_was(
    xms: clx.xms.Client, new_number: Callable[[], str], fields: dict[str, Any], code: str
) -> None:
    made = xms.create_group(group(members={new_number()}))

    with pytest.raises(ErrorResponseException) as refused:
        xms.update_group(made.group_id, update(name="Changed", **fields))

    assert refused.value.error_code == code
    assert vars(xms.fetch_group(made.group_id)) == vars(made)


def test_another_plans_group_is_as_if_it_were_not_there(
    xms: clx.xms.Client, other_xms: clx.xms.Client, new_number: Callable[[], str]
) -> None:
    made = xms.create_group(group(name="Ours alone", members={new_number()}))
    theirs = other_xms.create_group(group(name="Ours alone"))

    for attempt in (
        lambda: other_xms.fetch_group(made.group_id),
        lambda: other_xms.fetch_group_members(made.group_id),
        lambda: other_xms.fetch_group_tags(made.group_id),
        lambda: other_xms.replace_group_tags(made.group_id, {"x"}),
        lambda: other_xms.update_group(made.group_id, update(name="Theirs")),
        lambda: other_xms.replace_group(made.group_id, group()),
        lambda: other_xms.delete_group(made.group_id),
    ):
        with pytest.raises(NotFoundException):
            attempt()
    for refused_call in (
        lambda: other_xms.update_group(theirs.group_id, update(add_from_group=made.group_id)),
        lambda: other_xms.create_batch(text_batch("Hello", made.group_id)),
    ):
        with pytest.raises(ErrorResponseException) as refused:
            refused_call()
        assert refused.value.error_code == "unknown_group"


def test_a_batch_reaches_each_member_of_its_groups_once(
    xms: clx.xms.Client, server: Server, new_number: Callable[[], str]
) -> None:
    alone, member, shared, grandchild = (new_number()[1:] for _ in range(4))
    below = xms.create_group(group(members={grandchild, shared})).group_id
    child = xms.create_group(group(members={shared}, child_groups={below})).group_id
    parent = xms.create_group(group(members={member, shared, alone}, child_groups={child})).group_id
    xms.update_group(below, update(child_group_insertions={parent}))  # a circle

    batch = text_batch("Hello", alone)
    batch.recipients = {alone, parent}
    made = xms.create_batch(batch)
    settle(server, made.batch_id)
    report = xms.fetch_delivery_report(made.batch_id, kind="full")

    assert made.recipients == {alone, parent}
    assert [(one.code, one.recipients) for one in report.statuses] == [(0, {alone, member, shared, grandchild})]


def test_members_are_greeted_by_name(xms: clx.xms.Client, server: Server, new_number: Callable[[], str]) -> None:
    ada, bob = new_number(), new_number()
    made = xms.create_group(group(members={bob[1:]})).group_id
    with server.client() as client:
        client.contacts.add(made, [wire.NewContact(number=ada, first_name="Ada", fields={"city": "Paris"})])
        batch = text_batch("Hello ${first_name} in ${city}", made)
        batch.parameters = {"city": {"default": "your town"}, "first_name": {bob[1:]: "Bob"}}

        trial = xms.create_batch_dry_run(batch, 10)
        sent = xms.create_batch(batch)
        texts = [client.sandbox.wait_for_message(number).text for number in (ada, bob)]

    assert texts == ["Hello Ada in Paris", "Hello Bob in your town"]
    assert {row.recipient: row.body for row in trial.per_recipient} == {ada[1:]: texts[0], bob[1:]: texts[1]}
    assert xms.fetch_batch(sent.batch_id).parameters == batch.parameters


def test_a_dry_run_counts_the_members(xms: clx.xms.Client, new_number: Callable[[], str]) -> None:
    members = {new_number()[1:] for _ in range(3)}
    made = xms.create_group(group(members=members)).group_id

    found = xms.create_batch_dry_run(text_batch("Hello", made), 10)

    assert (found.number_of_recipients, found.number_of_messages) == (3, 3)
    assert {row.recipient for row in found.per_recipient} == members


def test_members_are_looked_up_when_the_batch_is_sent(
    xms: clx.xms.Client, customer: Listener, new_number: Callable[[], str]
) -> None:
    early, late, direct = (new_number()[1:] for _ in range(3))
    made = xms.create_group(group(members={early})).group_id
    later = datetime.now(UTC) + timedelta(hours=1)
    batch = text_batch("Hello", direct, send_at=later, delivery_report="full", callback_url=customer.url)
    batch.recipients = {direct, made}

    sent = xms.create_batch(batch)
    before = xms.fetch_delivery_report(sent.batch_id, kind="full")
    xms.update_group(made, update(member_insertions={late}, member_removals={early}))
    at_once = api.MtBatchTextSmsUpdate()
    at_once.send_at = api.RESET
    xms.update_batch(sent.batch_id, at_once)
    report = customer.next()

    assert [(one.code, one.recipients) for one in before.statuses] == [(400, {direct})]
    assert [(one["code"], set(one["recipients"])) for one in report["statuses"]] == [(0, {direct, late})]


def test_a_group_that_was_deleted_meanwhile_is_empty(xms: clx.xms.Client, customer: Listener) -> None:
    made = xms.create_group(group(members={"46700000001"})).group_id
    soon = datetime.now(UTC) + timedelta(seconds=3)
    batch = text_batch("Hello", made, send_at=soon, delivery_report="summary", callback_url=customer.url)

    sent = xms.create_batch(batch)
    xms.delete_group(made)
    report = customer.next()

    assert (report["batch_id"], report["total_message_count"], report["statuses"]) == (sent.batch_id, 0, [])
    with pytest.raises(ErrorResponseException) as refused:
        xms.create_batch(text_batch("Hello", made))
    assert refused.value.error_code == "unknown_group"


def test_what_is_scheduled_to_a_deleted_group_can_still_be_changed(
    xms: clx.xms.Client, customer: Listener, new_number: Callable[[], str]
) -> None:
    one, two, three = (new_number()[1:] for _ in range(3))
    gone = xms.create_group(group(members={one})).group_id
    other = xms.create_group(group(members={two})).group_id
    batch = text_batch("Hello", gone, send_at=datetime.now(UTC) + timedelta(hours=1))
    sent = xms.create_batch(batch)
    xms.delete_group(gone)

    def changed(**fields: Any) -> api.MtBatchTextSmsResult:
        change = api.MtBatchTextSmsUpdate()
        for name, value in fields.items():
            setattr(change, name, value)
        return xms.update_batch(sent.batch_id, change)

    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=2)
    assert (changed(body="Bye").body, changed(send_at=later).send_at) == ("Bye", later)
    assert changed(recipient_insertions={three, other}).recipients == {gone, other, three}
    replacement = text_batch("Anew", three, send_at=later)
    replacement.recipients = {gone, other, three}
    assert xms.replace_batch(sent.batch_id, replacement).recipients == {gone, other, three}
    with pytest.raises(ErrorResponseException) as refused:
        changed(recipient_insertions={NOBODY})
    assert refused.value.error_code == "unknown_group"
    assert changed(recipient_removals={gone}).recipients == {other, three}
    with pytest.raises(ErrorResponseException) as refused:
        changed(recipient_insertions={gone})
    assert refused.value.error_code == "unknown_group"
    changed(send_at=api.RESET, expire_at=api.RESET, delivery_report="full", callback_url=customer.url)
    report = customer.next()
    assert [(each["code"], set(each["recipients"])) for each in report["statuses"]] == [(0, {two, three})]


def test_what_is_left_scheduled_to_a_deleted_group_alone_goes_to_nobody(
    xms: clx.xms.Client, customer: Listener
) -> None:
    gone = xms.create_group(group(members={"46700000001"})).group_id
    sent = xms.create_batch(text_batch("Hello", gone, send_at=datetime.now(UTC) + timedelta(hours=1)))
    xms.delete_group(gone)
    change = api.MtBatchTextSmsUpdate()
    change.send_at, change.delivery_report, change.callback_url = api.RESET, "full", customer.url

    changed = xms.update_batch(sent.batch_id, change)

    assert changed.recipients == {gone}
    assert customer.next()["statuses"] == []


def test_a_deleted_child_can_be_taken_out_of_its_group(xms: clx.xms.Client) -> None:
    gone = xms.create_group(group()).group_id
    made = xms.create_group(group(child_groups={gone})).group_id
    xms.delete_group(gone)

    assert xms.update_group(made, update(child_group_removals={gone, NOBODY})).child_groups == set()


def test_a_canceled_batch_never_looks_its_groups_up(
    xms: clx.xms.Client, customer: Listener, new_number: Callable[[], str]
) -> None:
    made = xms.create_group(group(members={new_number()})).group_id
    later = datetime.now(UTC) + timedelta(hours=1)
    batch = text_batch("Hello", made, send_at=later, delivery_report="summary", callback_url=customer.url)

    sent = xms.create_batch(batch)
    xms.cancel_batch(sent.batch_id)

    assert customer.next()["statuses"] == []
    assert xms.fetch_batch(sent.batch_id).canceled is True


def test_groups_of_a_scheduled_batch_come_and_go(
    xms: clx.xms.Client, customer: Listener, new_number: Callable[[], str]
) -> None:
    one, two = new_number()[1:], new_number()[1:]
    first = xms.create_group(group(members={one})).group_id
    second = xms.create_group(group(members={two})).group_id
    later = datetime.now(UTC) + timedelta(hours=1)
    sent = xms.create_batch(text_batch("Hello", first, send_at=later))
    change = api.MtBatchTextSmsUpdate()
    change.recipient_insertions, change.recipient_removals = {second}, {first}
    change.send_at, change.delivery_report, change.callback_url = api.RESET, "full", customer.url

    changed = xms.update_batch(sent.batch_id, change)
    report = customer.next()

    assert changed.recipients == {second}
    assert [(each["code"], each["recipients"]) for each in report["statuses"]] == [(0, [two])]


@pytest.mark.parametrize(
    ("pairs", "join", "leave"),
    [
        (("JOIN", None, "STOPP", None), "join", "Stopp"),
        (("ACME", "JOIN", "ACME", "LEAVE"), "Acme, join please", "acme LEAVE!"),
    ],
    ids=["a number of one's own", "a shared code"],
)
def test_people_add_and_remove_themselves_by_keyword(
    xms: clx.xms.Client,
    server: Server,
    new_number: Callable[[], str],
    pairs: tuple[str, str | None, str, str | None],
    join: str,
    leave: str,
) -> None:
    sender = new_number()[1:]
    number = new_number()
    made = xms.create_group(group(auto_update=api.GroupAutoUpdate(sender, *pairs))).group_id
    elsewhere = xms.create_group(group(auto_update=api.GroupAutoUpdate("99999", *pairs))).group_id
    settle(server, xms.create_text_message(sender, number, "Write to us").batch_id)

    def after(text: str) -> set[str]:
        with server.client() as client:
            client.sandbox.reply(number, to=sender, text=text)
        found: set[str] = xms.fetch_group_members(made)
        return found

    assert after(f"please {join}") == set()
    assert after(join) == {number[1:]}
    assert after(join) == {number[1:]}
    assert after(leave) == set()
    assert xms.fetch_group_members(elsewhere) == set()


def test_an_empty_body_makes_an_empty_group_as_the_newer_client_expects(server: Server) -> None:
    ready = server.ready["protocols"]["xms"]
    headers = {"Authorization": f"Bearer {ready['token']}", "Content-Type": "application/json"}

    answer = httpx2.post(f"{ready['endpoint']}/v1/{ready['service_plan_id']}/groups", headers=headers, content=b"")

    assert (answer.status_code, answer.json()["size"], answer.json()["child_groups"]) == (201, 0, [])
