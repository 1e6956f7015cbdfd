"""What the log and commands never show."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.test_providers_and_routes import heliograph

from heliograph.runtime import logs
from heliograph.runtime.masking import masked
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings
from heliograph.runtime.values import providers_in

words = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=4, max_size=20)
HIDDEN = "Pa55word"


@given(scheme=st.sampled_from(["http", "https", "postgresql", "s3", "htp"]), user=words, password=words, host=words)
def test_a_url_is_shown_without_its_user_and_password(scheme: str, user: str, password: str, host: str) -> None:
    for credentials in (f"{user}:{password}@", f"{user}@"):
        assert masked(f"Not '{scheme}://{credentials}{host}/x'.") == f"Not '{scheme}://***@{host}/x'."


@given(text=st.text(max_size=50), secret=st.text(min_size=8, max_size=20))
def test_a_secret_is_shown_nowhere_however_a_url_spells_it(text: str, secret: str) -> None:
    shown = masked(f"{text} {secret} http://h/?x={quote(secret)}", [secret])

    assert f" {secret} " not in shown or secret in masked(text) or secret in " http://h/?x=***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("me:secret@example.org", "***@example.org"),
        ("http://me:p/a?s@example.org", "http://***@example.org"),
        ("http://example.org/in?api_key=abcd&to=1", "http://example.org/in?api_key=***&to=1"),
        ("http://example.org/in?to=1&access_token=abcd#x", "http://example.org/in?to=1&access_token=***#x"),
        ("https://example.org:8443/in?to=a@b.org", "https://example.org:8443/in?to=a@b.org"),
        ("Write to me@example.org at 17:13:09.", "Write to me@example.org at 17:13:09."),
    ],
)
def test_what_is_no_secret_stays(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_line_of_the_log_has_a_url_with_a_password(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    import structlog

    try:
        logs.configure("info", form)
        log = structlog.get_logger("test")
        log.warning("away", url=f"https://me:{HIDDEN}@example.org/x", error=f"no answer of http://a:{HIDDEN}@b")
        try:
            raise OSError(f"http://me:{HIDDEN}@example.org")
        except OSError:
            log.exception("away")
    finally:
        structlog.reset_defaults()
    written = capsys.readouterr().err

    assert HIDDEN not in written
    assert written.count("***@") >= 3


async def test_no_line_of_the_log_has_what_is_secret_in_a_providers_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import structlog

    secret = f"{HIDDEN} of {tmp_path.name}"
    table = {"type": "webhook", "url": "http://127.0.0.1:1/", "headers": {"Authorization": f"Bearer {secret}"}}
    try:
        logs.configure("info", "text")
        async with running(Settings(data_dir=tmp_path, providers=providers_in({"x": table}), default_provider="x")):
            logs.process().info("refused", told=f"No such token: {secret}", at=f"/in?t={quote(secret)}")
    finally:
        structlog.reset_defaults()
    written = capsys.readouterr().err

    assert "No such token: ***" in written
    assert "/in?t=***" in written


@pytest.mark.parametrize(
    "line",
    [
        f'attachments = "me:{HIDDEN}@bucket"',
        f'public_url = "htp://me:{HIDDEN}@example.org"',
        f'[providers.x]\ntype = "webhook"\nurl = "htp://me:{HIDDEN}@example.org"',
        f'[providers.x]\ntype = "webhook"\nurl = "me:{HIDDEN}@example.org"',
        f'[providers.x]\ntype = "webhook"\nurl = "ftp://example.org/?password={HIDDEN}"',
        f'[providers.x]\ntype = "{HIDDEN}"',
        f'[providers.x]\ntype = "me:{HIDDEN}"',
    ],
)
def test_a_mistake_in_the_settings_is_told_without_its_password(tmp_path: Path, line: str) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(line)

    code, told = heliograph("config", "--config", str(file))

    assert code != 0
    assert "***" in told
    assert HIDDEN not in told


def test_the_settings_in_force_are_shown_without_credentials(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(
        f'attachments = "s3://someone:{HIDDEN}@bucket/files"\npublic_url = "https://someone:{HIDDEN}@example.org"\n'
    )

    code, told = heliograph("config", "--config", str(file))

    assert code == 0
    assert "someone" not in told
    assert HIDDEN not in told


def test_what_comes_of_trying_providers_has_no_credentials_in_it(tmp_path: Path) -> None:
    file = tmp_path / "heliograph.toml"
    file.write_text(f'[providers.x]\ntype = "webhook"\nurl = "http://someone:{HIDDEN}@127.0.0.1:1/?key={HIDDEN}"\n')

    for command in (("providers", "check"), ("routes", "list")):
        _, told = heliograph(*command, "--config", str(file))
        assert HIDDEN not in told
