"""No file of the project has a key in it that opens something somewhere."""

from __future__ import annotations

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

#: What vendors' keys begin with, and how they go on.
KNOWN = re.compile(
    r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20,}"
    r"|\b(?:AKIA|ASIA)(?![A-Z]*EXAMPLE)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b"
    r"|\bgithub_pat_[A-Za-z0-9_]{50,}\b"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{20,}"
    r"|\bsk_live_[A-Za-z0-9]{20,}"
    r"|\bpypi-AgEI[A-Za-z0-9_-]{50,}"
    r"|\b(?:hg|sc|at|sd)_[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"
)
#: A name that says what follows is secret, and a value in quotes.
NAMED = re.compile(
    r"""(?i)(?:secret|token|password|passwd|api_?key|auth)\w*["']?\s*[:=]\s*["'](?P<value>[A-Za-z0-9+/_=-]{20,})["']"""
)
RANDOM_BITS = 3.9
"""Bits for each character, beyond which a text of 20 or more is no word: English has fewer, and so have identifiers."""
#: Published test vectors and the like: file -> how many values in it are none of anybody's secrets.
ALLOWED: dict[str, int] = {}


def entropy(text: str) -> float:
    """Bits for each character, by how often each is there."""
    return -sum(count / len(text) * math.log2(count / len(text)) for count in Counter(text).values())


def secrets_in(text: str) -> list[str]:
    named = (match["value"] for match in NAMED.finditer(text))
    random = [value for value in named if entropy(value) > RANDOM_BITS and re.search("[0-9]", value)]
    return [match.group() for match in KNOWN.finditer(text)] + random


def tracked() -> Iterator[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    yield from (ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file())


def test_no_file_has_a_secret_in_it() -> None:
    found = {
        str(path.relative_to(ROOT)): secrets
        for path in tracked()
        if path != Path(__file__) and (secrets := secrets_in(path.read_bytes().decode("utf-8", "ignore")))
    }

    assert {name: secrets for name, secrets in found.items() if len(secrets) > ALLOWED.get(name, 0)} == {}


@pytest.mark.parametrize(
    "line",
    [
        "aws = 'AKIA" + "J7QX2MWPLK4RTZ3B'",
        "key: hg_" + "Zk3vQ9xT1mB7pL5sR8wN2cF6yH4jD0gA-eU_iOqWtXz",
        "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA7Jq2",
        'password = "' + "q7Zp1Lx9Vb3Nc5Kd8Wm2" + '"',
        '"auth_token": "' + "9f8a7c6b5d4e3f2a1b0c9d8e7f6a5b4c3" + 'zQ"',
    ],
)
def test_what_looks_like_a_secret_is_found(line: str) -> None:
    assert secrets_in(line)


@pytest.mark.parametrize(
    "line", ['token = "not-a-secret-at-all-really"', 'password: "xxxxxxxxxxxxxxxxxxxxxxxx"', "hg_..."]
)
def test_what_is_plainly_none_is_not(line: str) -> None:
    assert not secrets_in(line)
