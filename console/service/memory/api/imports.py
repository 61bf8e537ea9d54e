"""Imports, and the address that takes their file. Contract 11.7."""

from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, UnreadablePostError

from console.contract.ids import KNOWLEDGE_ID
from console.contract.memory import profile_import as wire
from console.contract.memory.csv_dialect import PIECE_BYTES
from console.service import errors
from console.service.http.answers import answer, build_uri, from_row, operation_url
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.knowledge.api.knowledge import upload_source
from console.service.memory import imports, models
from console.service.memory.api.profiles import PROFILES

IMPORTS = f"{PROFILES}/Imports"
IMPORT = f"{IMPORTS}/<import_id>"


@doc.operation("GET", IMPORTS, {200: wire.ImportsPage}, query=doc.ORDERED_PAGE_QUERY)
def list_imports(request: ApiRequest) -> HttpResponse:
    """The ids of a store's imports, newest first."""
    return answer_page(
        request,
        models.ProfileImport.objects.of(request.store),
        read_page(request),
        lambda row: row.id,
    )


@doc.operation("POST", IMPORTS, {201: wire.AnnouncedImport}, logs="import.started")
def create_import(request: ApiRequest, body: wire.CreateImport) -> HttpResponse:
    """Announces a CSV file of up to 100 MiB: its size in bytes, and the trait that each
    column fills. The answer has the url to upload it to."""
    row = imports.create_import(request.store, body)
    signature = imports.sign_upload(row)
    url = build_uri(request, f"{wire.UPLOADS}{row.id}?signature={signature}")
    announced = from_row(
        wire.AnnouncedImport,
        row,
        import_id=row.id,
        url=url,
        status_url=operation_url(request, row.operation_id),
    )
    return answer(announced, status=201)


@doc.operation("GET", IMPORT, {200: wire.ProfileImport})
def fetch_import(request: ApiRequest, import_id: str) -> HttpResponse:
    """The progress of an import, and how many rows had errors."""
    row = imports.get_import(request.store, import_id)
    shown = from_row(
        wire.ProfileImport,
        row,
        summary=wire.ImportSummary(errors=row.errors, warnings=row.warnings),
        rows=wire.ImportRows(
            read=row.rows, stored=row.stored, refused=row.rows - row.stored
        ),
        progress=imports.get_progress(row),
        failure=imports.get_failure(row),
    )
    return answer(shown)


@doc.operation("GET", f"{IMPORT}/Refusals", {200: wire.RefusalsPage})
def list_refusals(request: ApiRequest, import_id: str) -> HttpResponse:
    """What of a file was not stored: the row, the column and the reason, in the order
    of the rows."""
    row = imports.get_import(request.store, import_id)
    return answer_page(
        request,
        imports.list_refusals(row),
        read_page(request, order="ASC"),
        sort=("item", "place"),
    )


@doc.operation(
    "PUT",
    f"{wire.UPLOADS[1:]}<import_id>",
    {200: doc.Reply(None)},
    file=("text/csv", wire.SAMPLE_FILE),
    query={
        "signature": doc.documented(
            str, "As in the url that create import has answered."
        )
    },
    refusals=(403,),
    public=True,
    logs="none: the file that import.started or knowledge.added has announced",
)
def upload_file(request: HttpRequest, import_id: str) -> HttpResponse:
    """Uploads the announced file, once, to the url that create import has answered. Its
    signature replaces the credentials.

    200 with nothing in it, as a file store answers.
    """
    if KNOWLEDGE_ID.fullmatch(import_id):
        return upload_source(request, import_id)
    row = imports.get_upload(import_id, request.GET.get("signature", ""))
    imports.check_file_size(row, int(request.META.get("CONTENT_LENGTH") or "0"))
    imports.receive_file(row, _read_pieces(request))
    response = HttpResponse(content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


def _read_pieces(request: HttpRequest) -> Iterator[bytes]:
    try:
        while piece := request.read(PIECE_BYTES):
            yield piece
    except UnreadablePostError as exc:
        raise errors.Invalid("The body ended before its end.") from exc
