"""What `manage.py check --database ...` and `migrate` verify of a database."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from console.databases.schema import read_schema_state


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
