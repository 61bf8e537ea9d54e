"""Starting an import, and imports as pages show them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from console.audit.log import log
from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory.operation import Refusal
from console.contract.memory.profile_import import (
    IMPORT_FILENAME_MAX,
    IMPORT_URL_S,
    ColumnMapping,
    CreateImport,
    ProfileImport,
)
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from console.web.spreadsheet import escape_cell, write_lines


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


ROWS_SHOWN = 25


@dataclass(frozen=True, slots=True)
class ListedImport:
    """One import of the list. problem: why it could not be read, or ""."""

    id: str
    shown: ProfileImport | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Refusals:
    """The first of an import. problem: why there are none to show, or ""."""

    rows: tuple[Refusal, ...] = ()
    is_cut: bool = False
    problem: str = ""


def read_row(store: StoreClient, import_id: str) -> ListedImport:
    """One call that fails costs one row."""
    try:
        return ListedImport(import_id, store.fetch_import(import_id))
    except MemoryProblem as problem:
        return ListedImport(import_id, None, problem.message)


def is_running(shown: ProfileImport, now: datetime) -> bool:
    """Whether a look a moment later can show something else."""
    if shown.status == "PENDING":
        return now < shown.created_at + timedelta(seconds=IMPORT_URL_S)
    return shown.status == "PROCESSING"


def read_refusals(store: StoreClient, shown: ProfileImport, import_id: str) -> Refusals:
    if not (shown.summary.errors or shown.summary.warnings):
        return Refusals()
    try:
        page = store.list_refusals(import_id, page_size=ROWS_SHOWN)
    except MemoryNotFound:
        return Refusals(problem="This memory counts errors and does not name them.")
    except MemoryProblem as problem:
        return Refusals(problem=problem.message)
    return Refusals(page.items, is_cut=bool(page.next_token))


def write_refusals(store: StoreClient, import_id: str) -> Iterator[str]:
    """CSV for spreadsheets, a page of the memory at a time."""
    yield "\ufeff" + write_lines([["row", "column", "reason", "row stored"]])
    for refusal in all_pages(store.list_refusals, import_id):
        cells = [refusal.field, refusal.reason, "yes" if refusal.stored else "no"]
        yield write_lines([[str(refusal.item), *map(escape_cell, cells)]])
