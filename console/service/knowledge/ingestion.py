"""Reading sources: from a text or a file to chunks that are found. Knowledge 8.

The worker parses in a process of its own (parsing.py), makes vectors in batches and
writes chunks under the number of the run; then, in one transaction, the source names that
run and the chunks before it go. Safe to run twice: a run begins by removing its own
chunks, and one that is no longer the newest ends without a trace.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from resource import RLIMIT_AS, RLIMIT_CPU, setrlimit

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone
from django_tasks import task
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from console.contract.knowledge.base import CHUNKS_PER_BASE
from console.engine.texts import pack_vector
from console.engine.words import terms
from console.service.knowledge.models import (
    KnowledgeBase,
    KnowledgeChunk,
    KnowledgeContent,
    KnowledgeSource,
)
from console.service.knowledge.parsing import Document, Unreadable
from console.service.memory.embedding_jobs import get_embedder

Status = KnowledgeSource.Status
BATCH = 32
# Of the process that parses: a manual of 200 pages needs half a second and 60 MB.
PARSE_S, PARSE_BYTES = 60, 1_500_000_000
# A reading touches its source after each batch; one that has not for so long is dead.
STALE = timedelta(minutes=2)


class Superseded(Exception):
    """The source is gone, or is to be read anew."""


def request_reading(source: KnowledgeSource) -> None:
    """In a transaction: have the worker read it, as it is now."""
    source.asked_run += 1
    source.status, source.failure, source.errors = Status.QUEUED, "", []
    source.updated_at = timezone.now()
    source.save()
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
    """Answers its status."""
    source = KnowledgeSource.objects.filter(pk=source_id).first()
    if source is None or not source.is_waiting:
        return ""
    with suppress(Superseded):
        try:
            _read(source)
        except Unreadable as why:
            _touch(source, status=Status.FAILED, failure=str(why)[:500])
    return str(source.status)


def _read(source: KnowledgeSource) -> None:
    _touch(source, status=Status.PROCESSING)
    documents = parse_apart(source)
    pieces = sum(len(document.pieces) for document in documents)
    others = KnowledgeSource.objects.filter(base_id=source.base_id).exclude(
        pk=source.pk
    )
    held = others.aggregate(held=Sum("chunks"))["held"] or 0
    if held + pieces > CHUNKS_PER_BASE:
        raise Unreadable(
            f"A base holds at most {CHUNKS_PER_BASE:,} chunks: its other sources have "
            f"{held:,}, and this one would have {pieces:,}."
        )
    write_chunks(source, documents)
    with transaction.atomic(using="memory"):
        now = timezone.now()
        _touch(
            source,
            status=Status.COMPLETED,
            run=source.asked_run,
            chunks=pieces,
            read_at=now,
        )
        KnowledgeChunk.objects.of(source).exclude(run=source.asked_run).delete()
        KnowledgeBase.objects.filter(pk=source.base_id).update(
            content_version=F("content_version") + 1
        )


def write_chunks(source: KnowledgeSource, documents: Sequence[Document]) -> None:
    """Of the run that is asked for, in the place of what it has left behind. Raises
    Superseded."""
    KnowledgeChunk.objects.of(source).filter(run=source.asked_run).delete()
    waiting = _list_chunks(source, documents)
    while chunks := list(islice(waiting, BATCH)):
        _embed(chunks)
        KnowledgeChunk.objects.bulk_create(chunks)
        _touch(source)


def _touch(source: KnowledgeSource, **fields: object) -> None:
    """Raises Superseded."""
    fields["updated_at"] = timezone.now()
    same = KnowledgeSource.objects.filter(
        pk=source.pk, asked_run=source.asked_run, status__in=KnowledgeSource.WAITING
    )
    if not same.update(**fields):
        KnowledgeChunk.objects.of(source).filter(run=source.asked_run).delete()
        raise Superseded
    for name, value in fields.items():
        setattr(source, name, value)


def parse_apart(source: KnowledgeSource) -> list[Document]:
    """The documents of a text or a file, parsed in a process of its own. Raises
    Unreadable."""
    kept = KnowledgeContent.objects.of(source).get()
    title = source.settings.get("fileName") or source.name
    mime_type = source.settings.get("mimeType", "text/plain")
    command = [sys.executable, "-m", "console.service.knowledge.parsing"]
    try:
        done = subprocess.run(  # noqa: S603
            [*command, mime_type, title],
            input=bytes(kept.content),
            capture_output=True,
            check=True,
            timeout=2 * PARSE_S,
            cwd=settings.BASE_DIR,
            preexec_fn=_limit,
        )
    except subprocess.TimeoutExpired as exc:
        raise Unreadable("The file takes too long to read.") from exc
    except subprocess.CalledProcessError as exc:
        raise Unreadable(
            "The file cannot be read: it needs too much memory or time."
        ) from exc
    try:
        return msgspec.json.decode(done.stdout, type=list[Document])
    except msgspec.ValidationError:
        raise Unreadable(msgspec.json.decode(done.stdout)["error"]) from None


def _limit() -> None:
    setrlimit(RLIMIT_CPU, (PARSE_S, PARSE_S))
    setrlimit(RLIMIT_AS, (PARSE_BYTES, PARSE_BYTES))


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


def _embed(chunks: Sequence[KnowledgeChunk]) -> None:
    model = get_embedder()
    if model is None:
        return
    asked = [chunk for chunk in chunks if chunk.question]
    texts = [chunk.content for chunk in chunks] + [chunk.question for chunk in asked]
    vectors = [pack_vector(vector) for vector in model.embed(texts)]
    for chunk, vector in zip(chunks, vectors, strict=False):
        chunk.vector, chunk.model = vector, model.id
    for chunk, vector in zip(asked, vectors[len(chunks) :], strict=True):
        chunk.question_vector = vector
