"""What of a tenant's knowledge its owner should look at: sources that were not read, or
not for long, and chunks that contradict each other."""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from console.client.errors import MemoryProblem
from console.contract.knowledge.base import KnowledgeCode
from console.contract.knowledge.chunk import DisagreeingChunk, Disagreement
from console.contract.knowledge.source import (
    CRAWL_PERIODS,
    CrawlError,
    FileSource,
    Knowledge,
    WebSource,
)
from console.engine.extractive import split_sentences
from console.engine.words import stems
from console.pages.knowledge.views import read_bases
from console.tenants.actor import Permission
from console.tenants.vault import open_account
from console.web.access import allow
from console.web.render import ConsoleRequest, render_part
from console.web.templatetags.console import readable

# A crawl takes a while, and the worker may be at others.
GRACE = timedelta(days=1)


@allow(Permission.VIEW_KNOWLEDGE, logs="none: what the business publishes")
def freshness(request: ConsoleRequest) -> HttpResponse:
    client, now = open_account(request.tenant).knowledge, timezone.now()
    doubts, pairs, is_complete = [], list[tuple[str, Disagreement, Any]](), True
    for each in read_bases(request.tenant, client):
        for source in each.sources:
            doubts += [(each.base, source, *told) for told in find_doubts(source, now)]
        # A memory that is not ours does not compare its chunks.
        with suppress(MemoryProblem):
            found = client.find_disagreements(each.base.id)
            is_complete &= found.is_complete
            pairs += [
                (each.base.id, pair, quote(pair.chunks)) for pair in found.disagreements
            ]
    context = {"doubts": doubts, "pairs": pairs, "is_complete": is_complete}
    return render_part(
        request, "knowledge/freshness.html", "knowledge/_freshness.html", context
    )


def quote(chunks: Sequence[DisagreeingChunk]) -> list[tuple[DisagreeingChunk, str]]:
    """Each with its sentence that has the figure and is most like the other's."""
    sides = list[list[str]]()
    for chunk in chunks:
        text, figure = readable(chunk), re.compile(rf"(?<!\w){re.escape(chunk.figure)}")
        sides.append([*filter(figure.search, split_sentences(text))] or [text])
    alike = max(product(*sides), key=_count_shared)
    return list(zip(chunks, alike, strict=True))


def _count_shared(sentences: tuple[str, ...]) -> int:
    return len(set.intersection(*(set(stems(sentence)) for sentence in sentences)))


def find_doubts(
    source: Knowledge, now: datetime
) -> Iterator[tuple[str, tuple[CrawlError, ...]]]:
    """What is wrong with a source, in words, and the pages that it concerns."""
    if source.status == "FAILED":
        yield f"It could not be read. {source.failure}".strip(), ()
    match source.source:
        case WebSource(errors=groups, crawl_period=period):
            for group in groups:
                gone = all(
                    page.code == KnowledgeCode.PAGE_UNKNOWN for page in group.instances
                )
                yield "Dead links" if gone else group.title, group.instances
            read_at = source.read_at or source.updated_at
            allowed = CRAWL_PERIODS.get(period)
            if allowed and now - read_at > allowed + GRACE:
                yield f"Last read {read_at:%-d %B %Y}, due {period.lower()}", ()
        case FileSource(upload_expiration=until) if until and until < now:
            yield "Its file has not come. Read it again to get a new address.", ()
