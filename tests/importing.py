"""What imports what in this project, read from its sources. Each file is read once, whoever asks."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
OURS = "heliograph"


class Imports(NamedTuple):
    """Full names, as far as they are written: `from a.b import c` is `a.b.c`, whatever `c` is."""

    at_once: frozenset[str]
    """When the module is imported."""
    later: frozenset[str]
    """When one of its functions is called."""
    for_types: frozenset[str]
    """Never: only for who checks types."""

    @property
    def all(self) -> frozenset[str]:
        return self.at_once | self.later | self.for_types


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), filename=str(path))


@cache
def modules(folder: str = f"src/{OURS}") -> dict[str, Path]:
    """Each module below a folder of the project, by its full name. What is below `src` is imported without it."""
    top = ROOT / "src" if folder.startswith("src") else ROOT
    return {_name(path.relative_to(top)): path for path in sorted((ROOT / folder).rglob("*.py"))}


def _name(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def imports_of(path: Path) -> Imports:
    found: tuple[set[str], set[str], set[str]] = (set(), set(), set())
    _collect(parsed(path).body, found, _package(path), depth=0)
    return Imports(*map(frozenset, found))


def _package(path: Path) -> list[str]:
    """Where a relative import begins."""
    top = ROOT / "src" if path.is_relative_to(ROOT / "src") else ROOT
    return list(path.relative_to(top).parts[:-1])


def _collect(body: Iterable[ast.AST], found: tuple[set[str], ...], package: list[str], depth: int) -> None:
    """Imports stand among statements only, so expressions are not looked into."""
    for node in body:
        if isinstance(node, ast.Import):
            found[depth].update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            begin = [*package[: len(package) - node.level + 1]] if node.level else []
            module = ".".join([*begin, node.module] if node.module else begin)
            found[depth].update(f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            _collect(node.body, found, package, max(depth, 1))
        elif isinstance(node, ast.If) and _for_types(node.test):
            _collect(node.body, found, package, 2)
            _collect(node.orelse, found, package, depth)
        else:
            _collect(_statements(node), found, package, depth)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    for _, value in ast.iter_fields(node):
        if isinstance(value, list):
            yield from (each for each in value if isinstance(each, ast.stmt | ast.ExceptHandler | ast.match_case))


def _for_types(test: ast.expr) -> bool:
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def module_of(name: str, known: Iterable[str]) -> str | None:
    """The module that an imported name is, or is in; None if it is none of those."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def loaded_with(starts: Iterable[str], of: Callable[[Imports], Iterable[str]] = lambda each: each.at_once) -> set[str]:
    """Our modules that are loaded when these are, packages above them among them."""
    known = modules()
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            inner = (module_of(each, known) for each in of(imports_of(known[name])))
            todo += [each for each in (name.rpartition(".")[0], *inner) if each]
    return seen


def libraries(names: Iterable[str], of: Callable[[Imports], Iterable[str]]) -> dict[str, set[str]]:
    """What these modules import that is not ours: the top of its name -> which of them do."""
    found: dict[str, set[str]] = {}
    for name in names:
        for each in of(imports_of(modules()[name])):
            if (top := each.partition(".")[0]) != OURS:
                found.setdefault(top, set()).add(name)
    return found
