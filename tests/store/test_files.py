"""Keeping files: the same on disk and in an S3-compatible store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from heliograph.domain.errors import SetupError, StoreUnavailable
from heliograph.store.files import Files

KEY = "0123456789abcdef.png"


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


@pytest.fixture(params=["disk", "s3"])
def files(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    return Files("" if request.param == "disk" else request.getfixturevalue("bucket"), tmp_path)


async def content(files: Files, key: str) -> bytes | None:
    pieces = await files.read(key)
    return None if pieces is None else b"".join([piece async for piece in pieces])


async def test_what_is_put_can_be_read_until_it_is_deleted(files: Files) -> None:
    await files.put(KEY, b"x" * 3_000_000)

    there = await content(files, KEY)
    await files.delete(KEY)
    await files.delete(KEY)

    assert there == b"x" * 3_000_000
    assert await content(files, KEY) is None


async def test_a_key_is_never_a_path_out_of_the_place(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    files = Files("", tmp_path)

    with pytest.raises(StoreUnavailable):
        await files.read("../secret")


def test_a_place_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="can't be kept in nowhere"):
        Files("nowhere://x", tmp_path)
