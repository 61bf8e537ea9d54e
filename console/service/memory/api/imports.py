"""Imports, and the address that takes their file. Contract 11.7."""

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from django.http import HttpRequest, HttpResponse, UnreadablePostError

from console.contract.times import to_wire
from console.service import errors, limits
from console.service.http.answers import answer, operation_url
from console.service.http.bodies import UPLOADS, StrictBody, read_body
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import imports
from console.service.memory.import_jobs import ask_again
from console.service.memory.import_rows import CHUNK_BYTES
from console.service.memory.models import ProfileImport
from console.service.memory.stores import get_store
from console.service.models import Operation


class ColumnMapping(StrictBody, frozen=True):
    column_name: Annotated[str, msgspec.Meta(max_length=int(limits.IMPORT_COLUMN))]
    trait_group: Annotated[str, msgspec.Meta(max_length=int(limits.TRAIT_GROUP_NAME))]
    trait_name: Annotated[str, msgspec.Meta(max_length=int(limits.TRAIT_NAME))]


class CreateImport(StrictBody, frozen=True):
    filename: Annotated[str, msgspec.Meta(max_length=int(limits.IMPORT_FILENAME))]
    file_size: Annotated[int, msgspec.Meta(ge=1, le=int(limits.IMPORT_BYTES))]
    column_mappings: Annotated[
        list[ColumnMapping],
        msgspec.Meta(
            min_length=int(limits.IMPORT_COLUMNS_MIN),
            max_length=int(limits.IMPORT_COLUMNS_MAX),
        ),
    ]


def list_imports(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    return answer_page(
        request,
        ProfileImport.objects.of(store),
        read_page(request, cap=limits.IMPORT_PAGE),
        key="imports",
        sort=("created_at", "id"),
        show=lambda row: row.id,
    )


def create_import(request: ApiRequest, store_id: str) -> HttpResponse:
    """201 with the address that takes the file: one PUT, without credentials."""
    store = get_store(request.account, store_id)
    body = read_body(request, CreateImport)
    row = imports.create_import(
        store,
        filename=body.filename,
        file_size=body.file_size,
        mappings=msgspec.to_builtins(body.column_mappings),
    )
    signature = imports.sign_upload(row)
    shown = {
        "importId": row.id,
        "url": request.build_absolute_uri(f"{UPLOADS}{row.id}?signature={signature}"),
        "operationId": row.operation_id,
        "createdAt": to_wire(row.created_at),
        "statusUrl": operation_url(request, Operation(id=row.operation_id)),
    }
    return answer(shown, status=201)


def fetch_import(request: ApiRequest, store_id: str, import_id: str) -> HttpResponse:
    row = imports.get_import(get_store(request.account, store_id), import_id)
    ask_again(row)
    return answer(show_import(row))


def upload_file(request: HttpRequest, import_id: str) -> HttpResponse:
    """200 with nothing in it, as a file store answers."""
    row = imports.open_upload(import_id, request.GET.get("signature", ""))
    if int(request.META.get("CONTENT_LENGTH") or "0") != row.file_size:
        raise imports.wrong_size(row)
    imports.receive(row, _pieces(request))
    response = HttpResponse(content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def show_import(row: ProfileImport) -> dict[str, Any]:
    return {
        "status": row.status,
        "filename": row.filename,
        "fileSize": row.file_size,
        "columnMappings": row.column_mappings,
        "summary": {"errors": row.errors, "warnings": row.warnings},
        "createdAt": to_wire(row.created_at),
        "updatedAt": to_wire(row.updated_at),
    }


def _pieces(request: HttpRequest) -> Iterator[bytes]:
    try:
        while piece := request.read(CHUNK_BYTES):
            yield piece
    except UnreadablePostError as exc:
        raise errors.Invalid("The body ended before its end.") from exc
