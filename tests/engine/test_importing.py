"""Contact files read into groups: what comes of each row, what an interruption leaves, and undoing it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from heliograph.domain.contacts import Details
from heliograph.domain.errors import HeliographError, NothingToUndo
from heliograph.domain.groups import GroupDraft
from heliograph.domain.imports import WHY_REJECTED, Import, ImportState, ImportWish
from heliograph.engine import importing
from heliograph.store import imports as stored_imports
from heliograph.store.works import Holder

from .conftest import Running, StartEngine


async def imported(running: Running, text: str, **wish: Any) -> Import:
    async def content() -> AsyncIterator[bytes]:
        yield text.encode()

    services, account = running.services, running.account
    begun = await services.imports.begin(account, content(), ImportWish(group="Friends", **wish))
    return await services.imports.get(account, begun.id, timeout_s=60)


async def members(running: Running) -> dict[str, Details]:
    (group,) = (await running.services.groups.page(running.account, limit=9))[0]
    found = await running.services.contacts.page(running.account, group, limit=9_999)
    return {each.msisdn: each.details for each in found}


FIRST = "Tel;Vorname;Stadt\n0151 23456789;Ada;Bonn\n+49 151 23456780;Bob;\nnone;Eve;\n+4915123456789;Ida;\n"
SECOND = "Tel;Vorname\n+4915123456789;Adele\n+4915123456780;\n+4915123456781;Cid\n"
ADA, BOB, CID = "4915123456789", "4915123456780", "4915123456781"


async def test_what_comes_of_a_file_and_of_undoing_it(start: StartEngine) -> None:
    running = await start()

    trial = await imported(running, FIRST, region="DE", dry_run=True)
    assert (await running.services.groups.page(running.account, limit=9))[0] == []
    first = await imported(running, FIRST, region="DE")
    foreseen = await imported(running, SECOND, update=True, dry_run=True)
    before = await members(running)
    again = await imported(running, FIRST, region="DE")
    second = await imported(running, SECOND, update=True)
    after = await members(running)

    assert [(each.counts.rows, each.counts.added, each.counts.duplicates) for each in (trial, first)] == [(4, 2, 1)] * 2
    assert (again.counts.added, again.counts.unchanged, again.counts.duplicates) == (0, 2, 1)
    assert second.counts == foreseen.counts
    assert (second.counts.added, second.counts.updated, second.counts.unchanged) == (1, 1, 1)
    ada, bob = Details(first_name="Ada", fields={"Stadt": "Bonn"}), Details(first_name="Bob")
    assert before == {ADA: ada, BOB: bob}
    adele = Details(first_name="Adele", fields={"Stadt": "Bonn"})
    assert after == {ADA: adele, BOB: bob, CID: Details(first_name="Cid")}

    services, account = running.services, running.account
    ((_, rejected),) = await services.imports.rejected(account, first.id, limit=9)
    assert (rejected.row, rejected.value, rejected.cells) == (4, "none", ["none", "Eve", ""])
    mended = await imported(running, f"Tel,Vorname,{WHY_REJECTED}\n+4915123456782,Eve,why\n")
    assert (mended.counts.added, (await members(running))["4915123456782"]) == (1, Details(first_name="Eve"))

    await services.imports.undo(account, second.id)
    undone = await services.imports.get(account, second.id, timeout_s=60)
    assert (undone.state, undone.undone) == (ImportState.UNDONE, 2)
    assert {number: (await members(running))[number] for number in (ADA, BOB)} == before
    assert CID not in await members(running)
    for finished in (undone, trial):
        with pytest.raises(NothingToUndo):
            await services.imports.undo(account, finished.id)

    (group,) = (await services.groups.page(account, limit=9))[0]
    (bobs,) = [each for each in await services.contacts.page(account, group, limit=9) if each.msisdn == BOB]
    await services.contacts.change(account, group, bobs.id, lambda _: Details(first_name="Rob"))
    await services.imports.undo(account, first.id)
    assert (await services.imports.get(account, first.id, timeout_s=60)).undone == 1
    assert (await members(running)).keys() == {BOB, "4915123456782"}


async def test_an_import_that_was_interrupted_goes_on_where_it_was(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after any slice: the next one reads the file anew, and counts nothing twice."""
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 2)
    written = importing.write_slice
    dead = asyncio.Event()

    def once(tx: Any, holder: Holder, of: Import, part: Any) -> Any:
        if dead.is_set():
            raise importing.Lost
        dead.set()
        return written(tx, holder, of, part)

    monkeypatch.setattr(importing, "write_slice", once)
    first = await start()
    rows = "".join(f"+49151234567{place % 12:02}\n" for place in range(15))

    async def content() -> AsyncIterator[bytes]:
        yield f"Tel\n{rows}".encode()

    begun = await first.services.imports.begin(first.account, content(), ImportWish(group="Friends"))
    await dead.wait()
    await first.engine.stop()
    await first.engine.store.close()
    monkeypatch.setattr(importing, "write_slice", written)
    second = await start()

    done = await second.services.imports.get(second.account, begun.id, timeout_s=60)

    assert (done.state, done.counts.rows, done.counts.added, done.counts.duplicates) == (ImportState.DONE, 15, 12, 3)
    assert len(await members(second)) == 12


async def test_a_file_that_turns_out_to_be_none_fails_and_a_wrong_wish_stores_nothing(start: StartEngine) -> None:
    running = await start()
    for text, wish in (
        ("", {}),
        ("name\nx\n", {}),
        ("Tel\n+491\n", {"mapping": {"Handy": "number"}}),
        ("Tel\n+491\n", {"region": "XX"}),
    ):
        with pytest.raises(HeliographError):
            await imported(running, text, **wish)
    assert await running.services.imports.page(running.account, limit=9) == []
    assert (await running.services.groups.page(running.account, limit=9))[0] == []

    failed = await imported(running, "Tel\n" + "+4915123456789\n" * 200 + '"' + "x\n" * 200_000)

    assert failed.state is ImportState.FAILED
    assert failed.error is not None
    assert "Row 202" in failed.error


async def test_a_group_that_goes_meanwhile_ends_its_import(start: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    running = await start()
    services, account = running.services, running.account
    group = await services.groups.create(account, GroupDraft(name="Friends"))
    begin = importing.begin_import

    def gone(tx: Any, *given: Any) -> Import:
        begun = begin(tx, *given)
        from heliograph.store.groups import delete_group

        delete_group(tx, account.id, group.id)
        return begun

    monkeypatch.setattr(importing, "begin_import", gone)

    failed = await imported(running, FIRST, region="DE")

    assert (failed.state, failed.error) == (ImportState.FAILED, "The group is gone.")


async def test_the_first_rejected_rows_are_kept_and_all_are_counted(
    start: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_AT_ONCE", 2)
    monkeypatch.setattr(stored_imports, "KEPT_REJECTED", 3)
    running = await start()

    done = await imported(running, "Tel,Vorname\n+4915123456789,Ada\n" + "none,Eve\n" * 6)

    rejected = await running.services.imports.rejected(running.account, done.id, limit=99)
    assert (done.counts.rejected, done.counts.added) == (6, 1)
    assert [(place, each.row) for place, each in rejected] == [(1, 3), (2, 4), (3, 5)]
