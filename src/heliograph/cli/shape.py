"""The shape of the command line, at its one place.

Every command is one function in a family of commands (`Commands`). The function names the options that are its own,
and `takes` the groups of options that many have: how the answer is written (`Written`), which server it is asked of
(`Server`), which store it opens (`Store`), which settings it reads (`Configured`). A group is a named tuple whose
fields are its options; while the command runs, `given` has it, so that no command hands options through. Each command
has an example, which its help ends with.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar, cast, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from heliograph.domain.errors import HeliographError

if TYPE_CHECKING:
    from heliograph.runtime.administration import Administration
    from heliograph.runtime.settings import Loaded
    from heliograph.sdk import Client

T = TypeVar("T")
G = TypeVar("G", bound="tuple[Any, ...]")
F = TypeVar("F", bound=Callable[..., Any])

_COMPLETES_WITHIN_S = 2.0


class Exit(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    FAILED = 1
    """It was done, and what was asked about is not well: not delivered, not sound, not to be read."""
    REFUSED = 2
    """It was not done; one sentence on standard error says why."""
    UNDECIDED = 3
    """The time that was given for waiting is over, and it is not known yet."""
    INTERRUPTED = 130
    """By Ctrl-C."""


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    IDS = "ids"


class Written(NamedTuple):
    """How the answer is written."""

    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object a line, as pipes get it anyway.")] = False
    output: Annotated[
        Format | None,
        typer.Option(
            "--output", "-o", envvar="HELIOGRAPH_OUTPUT", help="A table at a terminal, JSON elsewhere, if not given."
        ),
    ] = None


class Server(NamedTuple):
    """Which server is asked."""

    url: Annotated[str | None, typer.Option("--url", envvar="HELIOGRAPH_URL", help="The server's address.")] = None
    token: Annotated[str | None, typer.Option("--token", envvar="HELIOGRAPH_TOKEN", help="An API token.")] = None
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="The data directory of a server on this machine, instead.")
    ] = None


ConfigOption = Annotated[
    Path | None, typer.Option("--config", envvar="HELIOGRAPH_CONFIG", help="The settings file (TOML).")
]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="The data directory.")]
StoreOption = Annotated[str | None, typer.Option("--store", help="A postgresql:// URL instead of the embedded store.")]


class Configured(NamedTuple):
    """Which settings are read."""

    config: ConfigOption = None


class Store(NamedTuple):
    """Which store is opened."""

    config: ConfigOption = None
    data_dir: DataDirOption = None
    store: StoreOption = None


GraceOption = Annotated[
    str | None,
    typer.Option(help="How long the old one is good besides, such as 24h (s, m, h, d); it ends at once if not given."),
]

_given: ContextVar[Mapping[type, Any] | None] = ContextVar("given", default=None)


class _Listing(TyperGroup):
    """A family whose name alone lists what there is: `heliograph inbound --follow`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


class _Command(TyperCommand):
    """A command whose refusals of values are sentences."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix(
                "Value error, "
            )  # the library's own beginning, not a word of ours
            raise


class Commands:
    """A family of commands, such as `heliograph messages`; without a name, the program itself."""

    def __init__(
        self, name: str = "", help: str = "", *, lists: bool = False, options: Callable[..., None] | None = None
    ) -> None:
        """Begin a family; where it `lists`, its name alone is short for its command `list`.

        `options` is a function that takes what may stand before the name of a command.
        """
        self.name = name
        self._help = help
        self._lists = lists
        self._options = options or _keep_names
        self._families: dict[str, Commands] = {}
        self._own: dict[str, Callable[[typer.Typer], None]] = {}

    def add(self, *families: Commands) -> None:
        """Have families of commands under this one."""
        self._families |= {each.name: each for each in families}

    def command(
        self,
        name: str,
        *takes: type[tuple[Any, ...]],
        example: str,
        hidden: bool = False,
        signed: bool = False,
    ) -> Callable[[F], F]:
        """Make a function a command that takes groups of options besides its own.

        `example` is what follows the command's name in an example that its help ends with. The numbers of a `signed`
        one may be negative.
        """
        words = " ".join(word for word in ("heliograph", self.name, name, example) if word)
        settings = {"ignore_unknown_options": True} if signed else None

        def decorate(function: F) -> F:
            def read(into: typer.Typer) -> None:
                made = _taking(function, takes)
                into.command(
                    name, cls=_Command, epilog=f"\b\nExample: {words}", hidden=hidden, context_settings=settings
                )(made)

            self._own[name] = read
            return function

        return decorate

    def program(self, words: Sequence[str] = ()) -> typer.Typer:
        """Return the commands as a program that runs what is typed.

        Where the first of `words`, which are what was typed, names a command or a family, the program has no other:
        reading the options of all commands takes longer than most commands do.
        """
        first = words[0] if words else ""
        named = {first} & {*self._own, *self._families}
        made = typer.Typer(
            help=self._help,
            cls=_Listing if self._lists else TyperGroup,
            no_args_is_help=not self._lists,
            add_completion=not self.name,
            pretty_exceptions_enable=False,
            rich_markup_mode=None,
        )
        made.callback()(self._options)
        for name, read in self._own.items():
            if name in named or not named:
                read(made)
        for name, family in self._families.items():
            if name in named or not named:
                made.add_typer(family.program(words[1:]), name=name)
        return made


def _keep_names() -> None:
    """Take nothing: with this a single command of a family keeps its name."""


def _taking(function: Callable[..., Any], groups: Sequence[type[tuple[Any, ...]]]) -> Callable[..., Any]:
    """Return a function that takes the options of groups besides its own, and has them `given` while it runs.

    What can't be done it says in one sentence on standard error, and ends with `Exit.REFUSED`.
    """
    own = inspect.signature(function, eval_str=True)
    fields = {group: get_type_hints(group, include_extras=True) for group in groups}
    parameters = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in own.parameters.values()]
    for group, options in fields.items():
        defaults: Mapping[str, Any] = cast("Any", group)._field_defaults
        for name, annotation in options.items():
            parameters.append(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=annotation)
            )
    signature = own.replace(parameters=parameters)

    @functools.wraps(function)
    def taking(**values: Any) -> Any:
        taken = {group: group(**{name: values.pop(name) for name in names}) for group, names in fields.items()}
        token = _given.set(cast("Mapping[type, Any]", taken))
        try:
            return function(**values)
        except HeliographError as error:
            hint = f" {error.hint}" if error.hint and error.code != "setup" else ""
            typer.echo(f"heliograph: {error.message}{hint}", err=True)
            raise typer.Exit(Exit.REFUSED) from error
        finally:
            _given.reset(token)

    taking.__signature__ = signature  # type: ignore[attr-defined]
    taking.__annotations__ = {each.name: each.annotation for each in parameters}
    return taking


def given(group: type[G]) -> G:
    """Return the options of a group that the running command was given. KeyError if it does not take them."""
    found: G = (_given.get() or {})[group]
    return found


def connected() -> Client:
    """Return a client of the server that the command is about. Raises NoConnection."""
    from heliograph.sdk import Client

    url, token, data_dir = given(Server)
    return Client(url, token, data_dir=data_dir)


def load(config: Path | None, flags: Mapping[str, object]) -> Loaded:
    """Read the settings. Raises SetupError."""
    from heliograph.runtime.settings import load

    return load(file=config, environment=os.environ, flags=flags)


def loaded() -> Loaded:
    """Read the settings that the command is about. Raises SetupError."""
    given_all = _given.get() or {}
    if Store in given_all:
        config, data_dir, store = given(Store)
        return load(config, {"data_dir": data_dir, "store": store})
    return load(given(Configured).config, {})


def administered(work: Callable[[Administration], Awaitable[T]]) -> T:
    """Do something to the store, beside the servers that run on it. Raises HeliographError."""
    from heliograph.runtime import administration

    return administration.run(loaded().settings, work)


def commas(text: str | None) -> list[str] | None:
    """Read a list that is separated by commas."""
    from heliograph.domain.amounts import commas_in

    return None if text is None else commas_in(text)


def equations(given: Sequence[str] | None, option: str) -> dict[str, str] | None:
    """Read several `NAME=VALUE`s."""
    if given is None:
        return None
    pairs = [each.partition("=") for each in given]
    if wrong := [each for each, (_, equals, _) in zip(given, pairs, strict=True) if not equals]:
        raise typer.BadParameter(f"{wrong[0]!r} is not NAME=VALUE.", param_hint=option)
    return {name: value for name, _, value in pairs}


Completed = Iterable[tuple[str, str]]
"""What a word may be completed to, each with what it is."""


def completing(found: Callable[[Client], Completed]) -> Callable[[typer.Context, str], list[tuple[str, str]]]:
    """Return what completes a word by what the server has; nothing is offered where it can't be asked in time."""

    def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        from heliograph.sdk import Client

        values = context.params
        with ExitStack() as stack:
            try:
                client = Client(
                    values.get("url"),
                    values.get("token"),
                    data_dir=values.get("data_dir"),
                    timeout=_COMPLETES_WITHIN_S,
                    max_retries=0,
                )
                stack.enter_context(client)
                return list(_beginning(found(client), incomplete))
            except Exception:  # a shell has nowhere to show what is wrong
                return []

    return complete


def _beginning(found: Completed, incomplete: str) -> Iterator[tuple[str, str]]:
    for word, about in found:
        if word.startswith(incomplete):
            yield word, about
