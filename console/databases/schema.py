"""Whether a database has the schema that this version was written for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


@dataclass(frozen=True, slots=True)
class SchemaState:
    """newer    applied migrations that this version does not have
    waiting  how many of its own are not applied yet
    """

    newer: list[str]
    waiting: int

    def __str__(self) -> str:
        """What is wrong, in words; "" when it fits."""
        if self.newer:
            return (
                f"the schema is newer than this version ({', '.join(self.newer)}): "
                "install the version that made it, or restore a backup"
            )
        return f"{self.waiting} migrations are not applied" if self.waiting else ""


def read_schema_state(alias: str) -> SchemaState:
    """Raises DatabaseError."""
    executor = MigrationExecutor(connections[alias])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return SchemaState(_list_newer(executor.loader), len(waiting))


def _list_newer(loader: MigrationLoader) -> list[str]:
    """With 0004 as an app's newest here, an unknown 0005 or 0004 is newer; an unknown
    0002 is not: it was squashed or removed since."""
    ours, applied = loader.disk_migrations or {}, loader.applied_migrations or {}
    newest: dict[str, str] = {}
    for app, name in ours:
        newest[app] = max(newest.get(app, ""), name[:4])
    return sorted(
        f"{app}.{name}"
        for app, name in applied
        if (app, name) not in ours and name[:4] >= newest.get(app, "~")
    )


@register(Tags.database)
def check_schema(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Code that is older than its tables would write what the newer code cannot read."""
    states = {alias: read_schema_state(alias) for alias in databases or ()}
    return [
        Error(f"{alias}: {state}.", id="databases.E001")
        for alias, state in states.items()
        if state.newer
    ]
