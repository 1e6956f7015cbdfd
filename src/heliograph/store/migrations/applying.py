"""What of migrations needs Alembic: a store that is up to date does without."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from heliograph.store.migrations import newer


def upgrade(connection: Connection, target: str) -> None:
    """Apply migrations up to the revision `target` inside the caller's transaction. Raises NewerStore."""
    scripts = _scripts()

    def steps(revision: object, _context: MigrationContext) -> list[object]:
        try:
            return scripts._upgrade_revs(target, revision)  # type: ignore[arg-type,return-value]
        except CommandError as error:  # it does not know the revision that the store is at
            raise newer(revision if isinstance(revision, tuple) else (str(revision),)) from error

    context = MigrationContext.configure(connection, opts={"fn": steps})
    with Operations.context(context):
        context.run_migrations()


def missing(found: tuple[str, ...]) -> list[str]:
    """List the migrations after the revision `found`, in their order. Raises NewerStore."""
    scripts = _scripts()
    try:
        scripts.get_revisions(found)
    except CommandError as error:
        raise newer(found) from error
    return [each.revision for each in reversed(list(scripts.iterate_revisions("head", found)))]


def module_of(revision: str) -> ModuleType:
    """Import the migration that leads to a revision."""
    return _scripts().get_revision(revision).module


def _scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)
