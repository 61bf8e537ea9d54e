"""Knowledge bases, their sources, chunks, and the search. Knowledge 5 to 7."""

from collections import Counter
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from msgspec.structs import replace

from console.contract.base import Url, described
from console.contract.knowledge import base as base_wire
from console.contract.knowledge import chunk as chunk_wire
from console.contract.knowledge import source as wire
from console.contract.memory.error import Receipt
from console.contract.memory.profile_import import UPLOADS
from console.contract.memory.recall import TraceScore
from console.service import errors
from console.service.http.answers import (
    answer,
    build_uri,
    etag,
    from_row,
    record_completed,
)
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_flag
from console.service.knowledge import models, sources
from console.service.knowledge.disagreements import find_disagreements
from console.service.knowledge.searching import search
from console.service.memory.api.recall import show_score

BASES = "v2/ControlPlane/KnowledgeBases"
BASE = f"{BASES}/<base_id>"
SOURCES = "v2/KnowledgeBases/<base_id>/Knowledge"
SOURCE = f"{SOURCES}/<knowledge_id>"
RECEIPT = {
    202: doc.Reply(
        Receipt,
        {"Operation-Id": Annotated[str, described(maxLength=512)], "Location": Url}
        | doc.RETRY_AFTER,
    )
}


def answer_done(request: ApiRequest, base_id: str) -> HttpResponse:
    """202: it is done already, and the operation says so."""
    receipt = record_completed(
        request.account,
        prefix="know_operation",
        result_id=base_id,
        result_path=f"/{BASES}/{base_id}",
    )
    url = build_uri(request, f"/v2/ControlPlane/Operations/{receipt.id}")
    headers = {"Operation-Id": receipt.id, "Location": url, "Retry-After": "1"}
    body = Receipt(message="accepted", status_url=url)
    return answer(body, status=202, headers=headers)


def show_base(row: models.KnowledgeBase) -> base_wire.KnowledgeBase:
    return from_row(base_wire.KnowledgeBase, row, description=row.description)


def show_source(request: ApiRequest, row: models.KnowledgeSource) -> wire.Knowledge:
    known = row.settings
    source: wire.WebSource | wire.TextSource | wire.FileSource
    pages = Counter[str]()
    if row.kind == row.Kind.TEXT:
        source = wire.TextSource(content=sources.read_text(row))
    elif row.kind == row.Kind.WEB:
        source = wire.WebSource(
            url=known["url"],
            crawl_depth=known["crawlDepth"],
            crawl_period=known["crawlPeriod"],
            errors=show_errors(request, row),
        )
        found = models.KnowledgePage.objects.of(row)
        pages.update(found.values_list("state", flat=True))
    else:
        source = wire.FileSource(
            file_name=known.get("fileName", ""),
            file_size=known.get("fileSize", 0),
            mime_type=known.get("mimeType", ""),
        )
        if row.upload_until:
            path = f"{UPLOADS}{row.id}?signature={sources.sign_upload(row)}"
            until = row.upload_until.replace(microsecond=0)
            source = replace(
                source, import_url=build_uri(request, path), upload_expiration=until
            )
    return from_row(
        wire.Knowledge,
        row,
        source=source,
        pages=pages["READ"],
        pages_waiting=pages["WAITING"] if row.is_waiting else 0,
        next_crawl_at=row.due_at,
    )


def show_errors(
    request: ApiRequest, row: models.KnowledgeSource
) -> tuple[wire.CrawlErrors, ...]:
    """As they are kept, each with where its code is explained."""
    for group in row.errors:
        for page in group["instances"]:
            page["type"] = build_uri(request, f"/v1/Errors/{page['code']}")
    return tuple(row.errors)


@doc.operation(
    "GET", BASES, {200: base_wire.KnowledgeBasesPage}, query=doc.ORDERED_PAGE_QUERY
)
def list_knowledge_bases(request: ApiRequest) -> HttpResponse:
    """An account's knowledge bases, newest first."""
    rows = models.KnowledgeBase.objects.filter(account=request.account)
    return answer_page(request, rows, read_page(request), show_base)


@doc.operation("POST", BASES, RECEIPT, logs="knowledge.added")
def create_knowledge_base(
    request: ApiRequest, body: base_wire.CreateKnowledgeBase
) -> HttpResponse:
    """Makes a base for up to 10 sources. Its id is the result of the operation."""
    row = sources.create_base(request.account, body)
    return answer_done(request, row.id)


@doc.operation("GET", BASE, {200: doc.Reply(base_wire.KnowledgeBase, doc.ETAG)})
def fetch_knowledge_base(request: ApiRequest, base_id: str) -> HttpResponse:
    """One knowledge base."""
    row = sources.get_base(request.account, base_id)
    return answer(show_base(row), headers=etag(row.version))


@doc.operation("PATCH", BASE, RECEIPT, headers=doc.IF_MATCH, logs="knowledge.changed")
def update_knowledge_base(
    request: ApiRequest, base_id: str, body: base_wire.PatchKnowledgeBase
) -> HttpResponse:
    """Changes the name or the description. With If-Match, only if nobody has changed
    the base since you read it."""
    if_match = request.headers.get("If-Match", "")
    sources.patch_base(request.account, base_id, body, if_match=if_match)
    return answer_done(request, base_id)


@doc.operation("DELETE", BASE, RECEIPT, logs="knowledge.removed")
def delete_knowledge_base(request: ApiRequest, base_id: str) -> HttpResponse:
    """Deletes a base with its sources. This cannot be undone."""
    sources.delete_base(request.account, base_id)
    return answer_done(request, base_id)


@doc.operation("GET", SOURCES, {200: wire.KnowledgePage})
def list_knowledge(request: ApiRequest, base_id: str) -> HttpResponse:
    """A base's sources, newest first."""
    base = sources.get_base(request.account, base_id)
    return answer_page(
        request,
        base.sources.all(),
        read_page(request),
        lambda row: show_source(request, row),
    )


@doc.operation("POST", SOURCES, {201: wire.Knowledge}, logs="knowledge.added")
def create_knowledge(
    request: ApiRequest, base_id: str, body: wire.CreateKnowledge
) -> HttpResponse:
    """Adds a source: a text, a web site, or a file of up to 16 MiB, for which the answer
    has the importUrl to upload it to. It is found once its status is COMPLETED."""
    row = sources.create_source(request.account, base_id, body)
    return answer(show_source(request, row), status=201)


@doc.operation("GET", SOURCE, {200: wire.Knowledge})
def fetch_knowledge(
    request: ApiRequest, base_id: str, knowledge_id: str
) -> HttpResponse:
    """One source: whether it is read, or why it could not be."""
    row = sources.get_source(request.account, base_id, knowledge_id)
    return answer(show_source(request, row))


@doc.operation(
    "PATCH",
    SOURCE,
    {200: wire.Knowledge, 202: wire.Requeued},
    query={
        "refresh": doc.documented(bool, "Has the source read again, changed or not.")
    },
)
def update_knowledge(
    request: ApiRequest, base_id: str, knowledge_id: str, body: wire.PatchKnowledge
) -> HttpResponse:
    """Changes what is given. 202 where the source is read again: what it said before is
    found until that is done."""
    is_queued = sources.patch_source(request.account, base_id, knowledge_id, body)
    if body.refresh or read_flag(request.GET, "refresh", default=False):
        sources.refresh_source(request.account, base_id, knowledge_id)
        is_queued = True
    if is_queued:
        return answer(wire.Requeued(message="accepted"), status=202)
    row = sources.get_source(request.account, base_id, knowledge_id)
    return answer(show_source(request, row))


@doc.operation("DELETE", SOURCE, {204: doc.Reply(None)}, logs="knowledge.removed")
def delete_knowledge(
    request: ApiRequest, base_id: str, knowledge_id: str
) -> HttpResponse:
    """Deletes a source with its chunks. This cannot be undone."""
    sources.delete_source(request.account, base_id, knowledge_id)
    response = HttpResponse(status=204)
    del response["Content-Type"]
    return response


@doc.operation("GET", f"{SOURCE}/Chunks", {200: chunk_wire.ChunksPage})
def list_knowledge_chunks(
    request: ApiRequest, base_id: str, knowledge_id: str
) -> HttpResponse:
    """What of a source is found, in its order."""
    row = sources.get_source(request.account, base_id, knowledge_id)
    return answer_page(
        request,
        models.KnowledgeChunk.objects.of(row).filter(run=row.run),
        read_page(request, order="ASC"),
        lambda chunk: show_chunk(chunk_wire.Chunk, chunk, row.kind),
        sort=("document", "place"),
    )


@doc.operation(
    "POST", "v2/KnowledgeBases/<base_id>/Search", {200: chunk_wire.FoundChunks}
)
def search_knowledge(
    request: ApiRequest, base_id: str, body: chunk_wire.SearchKnowledge
) -> HttpResponse:
    """The chunks that answer a question, best first, each with the chance that it does."""
    base = sources.get_base(request.account, base_id)
    asked = body.query, body.top, body.knowledge_ids
    hits = search(base, *asked, explains=body.trace)
    kinds = dict(base.sources.values_list("id", "kind"))
    chunks = tuple(
        show_chunk(
            chunk_wire.FoundChunk,
            hit.chunk,
            kinds[hit.chunk.source_id],
            score=hit.score,
            knowledge_id=hit.chunk.source_id,
            trace=show_score(TraceScore, hit.why) if hit.why else None,
        )
        for hit in hits
    )
    return answer(chunk_wire.FoundChunks(chunks=chunks))


@doc.operation(
    "GET", "v2/KnowledgeBases/<base_id>/Disagreements", {200: chunk_wire.Disagreements}
)
def list_disagreements(request: ApiRequest, base_id: str) -> HttpResponse:
    """Chunks that say nearly the same with other numbers, the nearest first: "30 days"
    in one, "14 days" in the other."""
    base = sources.get_base(request.account, base_id)
    found, is_complete = find_disagreements(base, chunk_wire.DISAGREEMENTS_MAX)
    kinds = dict(base.sources.values_list("id", "kind"))
    shown = tuple(
        chunk_wire.Disagreement(
            similarity=round(each.similarity, 4),
            chunks=tuple(
                show_chunk(
                    chunk_wire.DisagreeingChunk,
                    chunk,
                    kinds[chunk.source_id],
                    figure=figure,
                    knowledge_id=chunk.source_id,
                )
                for chunk, figure in zip(each.chunks, each.figures, strict=True)
            ),
        )
        for each in found
    )
    return answer(
        chunk_wire.Disagreements(disagreements=shown, is_complete=is_complete)
    )


def show_chunk(
    noun: type[chunk_wire.Chunk], row: models.KnowledgeChunk, kind: str, **more: Any
) -> Any:
    return from_row(
        noun,
        row,
        chunk_index=row.place,
        document_title=row.title,
        document_url=row.url,
        document_number=row.number,
        metadata=chunk_wire.SourceKind(source_type=kind),
        **more,
    )


def upload_source(request: HttpRequest, source_id: str) -> HttpResponse:
    """The file of a source; its signature replaces the credentials."""
    row = sources.get_upload(source_id, request.GET.get("signature", ""))
    if int(request.META.get("CONTENT_LENGTH") or "0") > wire.FILE_BYTES_MAX:
        raise errors.TooLarge(f"The file is larger than {wire.FILE_BYTES_MAX:,} bytes.")
    try:
        content = request.read()
    except UnreadablePostError as exc:
        raise errors.Invalid("The body ended before its end.") from exc
    sources.receive_file(row, content, mime_type=request.content_type or "")
    response = HttpResponse(content_type="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
