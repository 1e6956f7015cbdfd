"""The files in deploy/, and those of containers: read by the programs that they are for, as far as these are here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests import forking
from tests.deploy.programs import certificate, debian_package
from tests.importing import ROOT
from tests.patience import HANG_S

from heliograph.runtime.settings import Settings

DEPLOY = ROOT / "deploy"
COMPOSE = ROOT / "compose.yaml"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KUBERNETES = DEPLOY / "kubernetes" / "heliograph.yaml"
NOT_SETTINGS = {"HELIOGRAPH_CONFIG"}


def files() -> list[Path]:
    found = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()]
    return [ROOT / "Dockerfile", COMPOSE, *found]


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(KUBERNETES.read_text()))


def deployments() -> list[dict[str, Any]]:
    return [each for each in manifests() if each["kind"] == "Deployment"]


def commands() -> Iterator[tuple[str, list[str]]]:
    """Where a process is started, and what `heliograph` is told there."""
    (told,) = re.findall(r"^CMD (\[.*\])", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    yield "Dockerfile", yaml.safe_load(told)
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=\S+/heliograph (.*)", unit.read_text(), re.MULTILINE)
        yield unit.name, shlex.split(line.replace("%i", "8461"))
    for name, service in yaml.safe_load(COMPOSE.read_text())["services"].items():
        if "build" in service:
            yield f"compose {name}", service["command"]
    for deployment in deployments():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        yield f"kubernetes {deployment['metadata']['name']}", container["args"]


COMMANDS = dict(commands())


@pytest.mark.parametrize("where", COMMANDS)
def test_a_process_is_started_by_a_command_that_there_is(where: str) -> None:
    done = forking.run(*COMMANDS[where], "--help", environment=os.environ, timeout=HANG_S)

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_set_is_a_setting(path: Path) -> None:
    named = set(re.findall(r"\bHELIOGRAPH_[A-Z_]+\b", path.read_text())) - NOT_SETTINGS

    assert {name.removeprefix("HELIOGRAPH_").lower() for name in named} <= Settings.__dataclass_fields__.keys()


def test_the_settings_file_is_taken() -> None:
    shown = forking.run("config", "--config", str(DEPLOY / "heliograph.toml"), environment=os.environ, timeout=HANG_S)

    assert shown.returncode == 0, shown.stderr
    assert tomllib.loads((DEPLOY / "heliograph.toml").read_text())["default_provider"] in shown.stdout


def test_every_process_has_what_must_be_the_same_for_all() -> None:
    needed = {"HELIOGRAPH_STORE", "HELIOGRAPH_SEAL_KEY"}
    for name, service in yaml.safe_load(COMPOSE.read_text())["services"].items():
        if "build" in service:
            assert service["environment"].keys() >= needed | {"HELIOGRAPH_ATTACHMENTS"}, name
    for unit in UNITS:
        assert re.search(r"^EnvironmentFile=/", unit.read_text(), re.MULTILINE), unit.name
    config = next(each for each in manifests() if each["kind"] == "ConfigMap")
    assert "HELIOGRAPH_ATTACHMENTS" in config["data"]
    for deployment in deployments():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert {next(iter(source)) for source in container["envFrom"]} == {"configMapRef", "secretRef"}


def test_manifests_speak_of_what_there_is() -> None:
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in deployments()]
    for manifest in manifests():
        selector = manifest.get("spec", {}).get("selector", {})
        wanted = selector.get("matchLabels", selector)
        assert not wanted or sum(wanted.items() <= each.items() for each in labels) == 1, manifest["kind"]
    config = next(each for each in manifests() if each["kind"] == "ConfigMap")
    for deployment in deployments():
        pod = deployment["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes.keys()
        assert {item["key"] for item in volumes["config"]["configMap"]["items"]} <= config["data"].keys()
        assert pod["enableServiceLinks"] is False  # a Service called heliograph would set HELIOGRAPH_PORT
        assert pod["securityContext"]["runAsUser"] == int(_in_dockerfile(r"--uid (\d+)"))
    tomllib.loads(config["data"]["heliograph.toml"])


def _in_dockerfile(pattern: str) -> str:
    (found,) = re.findall(pattern, (ROOT / "Dockerfile").read_text())
    return str(found)


@pytest.mark.slow
def test_what_the_image_is_built_from_suffices(tmp_path: Path) -> None:
    """The image is built from what .dockerignore lets in; here the same is built without Docker."""
    ignored, *allowed = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")
    ]
    assert ignored == "*"
    for name in (line.removeprefix("!") for line in allowed if line.startswith("!")):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    copied = set(
        " ".join(re.findall(r"^COPY (?!--)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)).split()
    )
    assert copied == {path.name for path in tmp_path.iterdir()}

    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", tmp_path / "installed", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    packed = {path.relative_to(tmp_path / "installed") for path in (tmp_path / "installed" / "heliograph").rglob("*")}
    sources = ROOT / "src"
    assert {path for path in packed if path.suffix != ".pyc" and path.name != "__pycache__"} >= {
        path.relative_to(sources) for path in (sources / "heliograph").rglob("*") if "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze") or pytest.skip("systemd is not here")
    program = tmp_path / "heliograph"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = unit.read_text().replace("/opt/heliograph/bin/heliograph", str(program))
    name = unit.name.replace("@", "@8461")
    (tmp_path / name).write_text(text.replace("/etc/heliograph/environment", "-/etc/heliograph/environment"))

    done = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", tmp_path / name],
        capture_output=True,
        text=True,
        check=False,
    )

    said = [line for line in done.stderr.splitlines() if unit.name.split("@")[0].split(".")[0] in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["heliograph.conf", "compose.conf"])
def test_nginx_takes_its_file(name: str, tmp_path: Path) -> None:
    nginx = debian_package("nginx-light", "nginx")
    text = (DEPLOY / "nginx" / name).read_text()
    shutil.copy(DEPLOY / "nginx" / "heliograph_proxy.conf", tmp_path)
    certificate(tmp_path)
    whole = f"pid {tmp_path}/pid; events {{}} http {{ {text.replace('/etc/ssl/heliograph', str(tmp_path))} }}"
    (tmp_path / "nginx.conf").write_text(whole)

    done = subprocess.run(
        [nginx, "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


@pytest.mark.slow
def test_caddy_takes_its_file() -> None:
    caddy = debian_package("caddy", "caddy")

    done = subprocess.run(
        [caddy, "validate", "--config", DEPLOY / "caddy" / "Caddyfile", "--adapter", "caddyfile"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "not formatted" not in done.stderr
