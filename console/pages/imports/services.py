"""Starting an import."""

from collections.abc import Sequence
from typing import Any

from console.audit.log import log
from console.contract.memory.profile_import import (
    IMPORT_FILENAME_MAX,
    ColumnMapping,
    CreateImport,
)
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store


def start_import(
    tenant: Tenant, file: Any, mappings: Sequence[ColumnMapping], *, by: Actor
) -> str:
    """Hands the file to the tenant's memory; the import's id. The audit log has its
    size and how many columns it fills, not its name, which can be a customer's.

    Raises MemoryProblem.
    """
    import_id, outcome = "", "failed"
    announced = CreateImport(
        filename=file.name[-IMPORT_FILENAME_MAX:],
        file_size=file.size,
        column_mappings=list(mappings),
    )
    try:
        import_id = open_store(tenant).create_import(announced, file)
        outcome = "done"
    finally:
        log(
            by,
            "import.started",
            "import",
            import_id,
            outcome=outcome,
            bytes=file.size,
            columns=len(mappings),
        )
    return import_id
