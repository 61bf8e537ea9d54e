"""Reading sources: from a text, a file or a site to chunks that are found. Knowledge 8.

The worker parses in a process of its own (parsing.py), makes vectors in batches and
writes chunks under the number of the run; then, in one transaction, the source names that
run and the chunks before it go. Safe to run twice: a run begins by removing its own
chunks, and one that is no longer the newest ends without a trace. A text that is found
already keeps its vector.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from console.contract.knowledge.base import CHUNKS_PER_BASE
from console.databases.compaction import enqueue_once
from console.engine.texts import pack_vector
from console.engine.words import terms
from console.service.knowledge import crawl
from console.service.knowledge.models import (
    KnowledgeBase,
    KnowledgeChunk,
    KnowledgeContent,
    KnowledgeSource,
    Superseded,
)
from console.service.knowledge.parsing import Document, Unreadable, parse_apart
from console.service.memory.embedding_jobs import get_embedder

Status = KnowledgeSource.Status
BATCH = 32
# A reading touches its source after each batch; one that has not for so long is dead.
STALE = timedelta(minutes=2)


def request_reading(source: KnowledgeSource) -> None:
    """In a transaction: have the worker read it, as it is now."""
    source.asked_run += 1
    source.status, source.failure, source.errors = Status.QUEUED, "", []
    source.updated_at, source.due_at = timezone.now(), None
    source.save()
    if source.kind == source.Kind.WEB:
        crawl.begin(source)
    # Robust: the source is kept, and restart_stalled_readings makes good for a lost task.
    transaction.on_commit(
        lambda: read_source.enqueue(source.id), using="memory", robust=True
    )


def restart_stalled_readings() -> None:
    """Those whose task was lost; not where one waits, runs, or was given up."""
    stalled = KnowledgeSource.objects.filter(
        status__in=KnowledgeSource.WAITING, updated_at__lt=timezone.now() - STALE
    )
    runs = DBTaskResult.objects.filter(task_path=read_source.module_path)
    for source in stalled:
        mine = runs.filter(args_kwargs__args__0=source.id)
        if not mine.exclude(status=TaskResultStatus.SUCCESSFUL).exists():
            read_source.enqueue(source.id)


@task()
def read_source(source_id: str) -> str:
    """Of a site a page at a time. Answers its status."""
    source = KnowledgeSource.objects.filter(pk=source_id).first()
    if source is None or not source.is_waiting:
        return ""
    with suppress(Superseded):
        try:
            _read(source)
        except Unreadable as why:
            _end(source, status=Status.FAILED, failure=str(why)[:500])
    return str(source.status)


def _read(source: KnowledgeSource) -> None:
    source.touch(status=Status.PROCESSING)
    if source.kind != source.Kind.WEB:
        documents = parse_kept(source)
    elif next_at := crawl.visit_next(source):
        _check_room(source, crawl.count_chunks(source))
        # A task that is run twice begins no second crawl.
        enqueue_once(read_source, next_at, source.id)
        return
    else:
        documents = crawl.list_documents(source)
    pieces = sum(len(document.pieces) for document in documents)
    _check_room(source, pieces)
    write_chunks(source, documents)
    with transaction.atomic(using="memory"):
        now = timezone.now()
        run = source.asked_run
        _end(source, status=Status.COMPLETED, run=run, chunks=pieces, read_at=now)
        KnowledgeChunk.objects.of(source).exclude(run=run).delete()
        KnowledgeBase.objects.filter(pk=source.base_id).update(
            content_version=F("content_version") + 1
        )


def _end(source: KnowledgeSource, **fields: object) -> None:
    errors, due_at = crawl.list_errors(source), crawl.get_due_at(source)
    source.touch(errors=errors, due_at=due_at, **fields)


def _check_room(source: KnowledgeSource, pieces: int) -> None:
    """Raises Unreadable."""
    others = KnowledgeSource.objects.filter(base_id=source.base_id).exclude(
        pk=source.pk
    )
    held = others.aggregate(held=Sum("chunks"))["held"] or 0
    if held + pieces > CHUNKS_PER_BASE:
        raise Unreadable(
            f"A base holds at most {CHUNKS_PER_BASE:,} chunks: its other sources have "
            f"{held:,}, and this one would have {pieces:,}."
        )


def write_chunks(source: KnowledgeSource, documents: Sequence[Document]) -> None:
    """Of a run of its own, in the place of what others have left behind: one that was
    taken for dead and lives on is superseded. Raises Superseded."""
    source.touch(asked_run=source.asked_run + 1)
    KnowledgeChunk.objects.of(source).exclude(run=source.run).delete()
    vectors = _read_vectors(source)
    waiting = _list_chunks(source, documents)
    while chunks := list(islice(waiting, BATCH)):
        _embed(chunks, vectors)
        KnowledgeChunk.objects.bulk_create(chunks)
        source.touch()


def parse_kept(source: KnowledgeSource) -> list[Document]:
    """The documents of a text or a file. Raises Unreadable."""
    kept = KnowledgeContent.objects.of(source).get()
    title = source.settings.get("fileName") or source.name
    mime_type = source.settings.get("mimeType", "text/plain")
    return parse_apart(bytes(kept.content), mime_type, title)


def _list_chunks(
    source: KnowledgeSource, documents: Sequence[Document]
) -> Iterator[KnowledgeChunk]:
    now = timezone.now()
    for document_number, document in enumerate(documents):
        for place, piece in enumerate(document.pieces):
            yield KnowledgeChunk(
                base_id=source.base_id,
                source_id=source.id,
                run=source.asked_run,
                document=document_number,
                place=place,
                title=document.title,
                url=document.url,
                number=document.number,
                content=piece.content,
                question=piece.question,
                terms=terms(piece.content),
                question_terms=terms(piece.question) if piece.question else b"",
                created_at=now,
            )


def _read_vectors(source: KnowledgeSource) -> dict[str, bytes]:
    """Those of the texts that are found now."""
    model, found = get_embedder(), dict[str, bytes]()
    rows = KnowledgeChunk.objects.of(source).filter(run=source.run)
    for chunk in rows.filter(model=model.id).iterator() if model else ():
        found[chunk.content] = bytes(chunk.vector)
        found[chunk.question] = bytes(chunk.question_vector)
    return found


def _embed(chunks: Sequence[KnowledgeChunk], vectors: dict[str, bytes]) -> None:
    model = get_embedder()
    if model is None:
        return
    texts = [text for chunk in chunks for text in (chunk.content, chunk.question)]
    new = [text for text in dict.fromkeys(texts) if text and text not in vectors]
    if new:
        vectors.update(zip(new, map(pack_vector, model.embed(new)), strict=True))
    for chunk in chunks:
        chunk.vector, chunk.model = vectors[chunk.content], model.id
        chunk.question_vector = vectors.get(chunk.question, b"")
