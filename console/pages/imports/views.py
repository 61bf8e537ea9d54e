"""Importing customers from a file, for operators."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone

from console.audit.log import log
from console.client.errors import MemoryNotFound, MemoryProblem
from console.client.http import all_pages
from console.client.store import StoreClient
from console.contract.memory import profile_import as wire
from console.contract.memory.operation import Refusal
from console.pages.imports.forms import (
    ColumnsForm,
    FileForm,
    NoHeader,
    guess_targets,
    read_header,
)
from console.tenants.actor import Actor, Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_account, open_store
from console.web.access import FORM, POST, allow
from console.web.forms import PageForm, check_form
from console.web.render import ConsoleRequest, redirect_window, render_part
from console.web.spreadsheet import escape_cell, write_lines


def start_import(
    tenant: Tenant, file: Any, mappings: Sequence[wire.ColumnMapping], *, by: Actor
) -> str:
    """Hands the file to the tenant's memory; the import's id. The audit log has its
    size and how many columns it fills, not its name, which can be a customer's.

    Raises MemoryProblem.
    """
    import_id, outcome = "", "failed"
    announced = wire.CreateImport(
        filename=file.name[-wire.IMPORT_FILENAME_MAX :],
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
    shown: wire.ProfileImport | None
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


def is_running(shown: wire.ProfileImport, now: datetime) -> bool:
    """Whether a look a moment later can show something else."""
    if shown.status == "PENDING":
        return now < shown.created_at + timedelta(seconds=wire.IMPORT_URL_S)
    return shown.status == "PROCESSING"


def read_refusals(
    store: StoreClient, shown: wire.ProfileImport, import_id: str
) -> Refusals:
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


@allow(Permission.IMPORT_PROFILES, logs="none: file names and counts")
def list_imports(request: ConsoleRequest) -> HttpResponse:
    """The newest ten, or those of a page; with `operation`, what became of a write."""
    token = check_form(PageForm(request.GET))["page"]
    store, operation_id = request.store, request.GET.get("operation", "")
    page = store.list_imports(page_token=token)
    context = {
        "page": page,
        "imports": [read_row(store, import_id) for import_id in page.items],
        "operation": operation_id
        and open_account(request.tenant).fetch_operation(operation_id.strip()),
    }
    return render(request, "imports/list.html", context)


def count_failed(request: ConsoleRequest) -> int:
    """Of the newest ten those of this week: older ones are known."""
    store, since = request.store, timezone.now() - timedelta(days=7)
    rows = [read_row(store, id_).shown for id_ in store.list_imports().items]
    return sum(
        bool(row and row.status == "FAILED" and row.created_at > since) for row in rows
    )


@allow(Permission.IMPORT_PROFILES, FORM, logs="import.started")
def add(request: ConsoleRequest) -> HttpResponse:
    """A file and what its columns fill; without JavaScript its columns come second."""
    file_form, columns_form = _build_forms(request)
    is_valid = columns_form and columns_form.is_bound and columns_form.is_valid()
    if columns_form and is_valid:
        import_id = start_import(
            request.tenant,
            file_form.cleaned_data["file"],
            columns_form.get_mappings(),
            by=request.actor,
        )
        if left_out := columns_form.list_left_out():
            messages.info(request, f"Left out: {', '.join(left_out)}.")
        return redirect_window(
            request, "imports:detail", request.tenant.slug, import_id
        )
    return render_part(
        request,
        "imports/add.html",
        "imports/_columns.html",
        {
            "form": file_form,
            "columns": columns_form,
            # Without it the web server keeps no body of that size. It is no import's.
            "signature": signing.dumps(
                ["", request.tenant.slug], salt=wire.UPLOAD_SALT
            ),
        },
        status=422 if request.method == "POST" else 200,
    )


@allow(Permission.IMPORT_PROFILES, POST, logs="none: names of columns")
def columns(request: ConsoleRequest) -> HttpResponse:
    """What a file's columns can fill, as soon as it is chosen: its beginning is sent."""
    form, columns_form = _build_forms(request, guess=True)
    context = {"form": form, "columns": columns_form}
    return render(request, "imports/_columns.html", context)


def _build_forms(
    request: ConsoleRequest, *, guess: bool = False
) -> tuple[FileForm, ColumnsForm | None]:
    """The second one once there is a file; bound if its columns were chosen."""
    mappings = [
        each for each in all_pages(request.store.list_data_mappings) if each.is_enabled
    ]
    is_post = request.method == "POST"
    data: Any = (request.POST, request.FILES) if is_post else ()
    form = FileForm(*data, mappings=mappings)
    if not (is_post and form.is_valid()):
        return form, None
    try:
        header = read_header(form.cleaned_data["file"])
    except NoHeader as problem:
        form.add_error("file", problem.message)
        return form, None
    groups = list(all_pages(request.store.list_trait_groups))
    chosen = next((m for m in mappings if m.id == form.cleaned_data["mapping"]), None)
    is_bound = not guess and any(name.startswith("column-") for name in request.POST)
    return form, ColumnsForm(
        request.POST if is_bound else None,
        header=header,
        groups=groups,
        targets=guess_targets(header, groups, chosen),
    )


@allow(Permission.IMPORT_PROFILES, logs="none: numbers of rows and fields")
def detail(request: ConsoleRequest, import_id: str) -> HttpResponse:
    """How far an import is, and what it refused; the part asks again while it runs."""
    shown = request.store.fetch_import(import_id)
    return render_part(
        request,
        "imports/detail.html",
        "imports/_state.html",
        {
            "import_id": import_id,
            "shown": shown,
            "is_running": is_running(shown, timezone.now()),
            "refusals": read_refusals(request.store, shown, import_id),
        },
    )


@allow(Permission.IMPORT_PROFILES, logs="none: numbers of rows and fields")
def refusals(request: ConsoleRequest, import_id: str) -> HttpResponseBase:
    """Every row and cell that was refused, as CSV."""
    # What the memory refuses becomes a page, not a file.
    request.store.list_refusals(import_id)
    return StreamingHttpResponse(
        write_refusals(request.store, import_id),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="refused-{import_id[-6:]}.csv"'
        },
    )
