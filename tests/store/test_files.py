"""Keeping files: the same on disk, in an S3-compatible store, and in the database of either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer
from sqlalchemy import func, select

from heliograph.domain.errors import SetupError, StoreUnavailable
from heliograph.domain.links import IN_DATABASE
from heliograph.store import Store, Tx, open_store
from heliograph.store.checking import findings_in
from heliograph.store.file_pieces import PIECE, SLICE, add_pieces
from heliograph.store.files import Files, ObjectFiles, clear_up_files, open_files
from heliograph.store.schema import file_pieces
from heliograph.store.schema import files as files_table

KEY, OTHER = "0123456789abcdef.png", "fedcba9876543210.png"


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An S3 of the tests' own, with a bucket in it, named in the environment as for any program."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ALLOW_HTTP": "true",
        }.items():
            environment.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="files")
        client.close()
        yield "s3://files/some/prefix"
    server.stop()


@pytest.fixture(params=["disk", "s3", "sqlite", "postgresql"])
async def files(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Files]:
    url = request.getfixturevalue("shared_database") if request.param == "postgresql" else ""
    store = await open_store(url, tmp_path)
    where = {"disk": "", "s3": "bucket"}.get(request.param, IN_DATABASE)
    yield open_files(request.getfixturevalue(where) if where == "bucket" else where, tmp_path, store)
    await store.close()


async def content(files: Files, key: str) -> bytes | None:
    pieces = await files.read(key)
    return None if pieces is None else b"".join([piece async for piece in pieces])


@pytest.mark.parametrize("size", [1, PIECE - 1, PIECE, PIECE + 1, SLICE * PIECE, 2 * SLICE * PIECE + 1])
async def test_what_is_put_can_be_read_until_it_is_deleted(files: Files, size: int) -> None:
    written = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    await files.put(OTHER, b"other")
    await files.put(KEY, written)

    there = await content(files, KEY)
    await files.delete(KEY)
    await files.delete(KEY)

    assert there == written
    assert await content(files, KEY) is None
    assert await content(files, OTHER) == b"other"
    await files.delete(OTHER)


async def test_a_place_keeps_its_name(files: Files) -> None:
    assert await files.place() == await files.place() != ""


def rows_of_files(tx: Tx) -> list[int]:
    return [tx.value(select(func.count()).select_from(table)) for table in (files_table, file_pieces)]


async def test_what_a_process_that_died_has_left_is_no_file_and_is_cleared_up(store: Store, tmp_path: Path) -> None:
    files = open_files(IN_DATABASE, tmp_path, store)
    await files.put(OTHER, b"other")
    await store.write(add_pieces, KEY, 0, [b"x" * PIECE] * SLICE, is_last=False, now_ms=1_000)

    assert await content(files, KEY) is None
    await clear_up_files(store, 1_000)
    assert await store.read(rows_of_files) == [2, SLICE + 1]
    await clear_up_files(store, 1_001)
    assert await store.read(rows_of_files) == [1, 1]
    assert await content(files, OTHER) == b"other"
    assert await store.read(findings_in) == []


async def test_a_key_is_never_a_path_out_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    files = ObjectFiles("", tmp_path)

    with pytest.raises(StoreUnavailable):
        await files.read("../secret")


def test_a_place_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can't be kept in nowhere"):
        ObjectFiles("nowhere://x", tmp_path)
