"""What a tenant's bases say to a question, beside what is remembered of a customer."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from console.client.errors import MemoryProblem
from console.contract.knowledge.chunk import SEARCH_QUERY_MAX, FoundChunk
from console.profiles.prompt import Quote
from console.tenants.models import Tenant
from console.tenants.vault import open_account

# The best of all bases that are surer than this (docs/recall.md, thresholds).
QUOTED, LEAST = 3, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedChunk(Quote):
    base_id: str
    chunk: FoundChunk


def quote_knowledge(
    tenant: Tenant, query: str, only: Collection[str] = ()
) -> list[QuotedChunk]:
    """None of a base that cannot be asked: it costs its part alone. `only`: of these
    bases, where there are any."""
    if not (query.strip() and tenant.knowledge_bases):
        return []
    client, found = open_account(tenant).knowledge, list[QuotedChunk]()
    for base_id in tenant.knowledge_bases:
        if only and base_id not in only:
            continue
        with suppress(MemoryProblem):
            chunks = client.search(
                base_id, query[:SEARCH_QUERY_MAX], QUOTED, trace=True
            )
            found += [_quote(base_id, each) for each in chunks if each.score >= LEAST]
    return sorted(found, key=lambda quote: -quote.chunk.score)[:QUOTED]


def _quote(base_id: str, chunk: FoundChunk) -> QuotedChunk:
    page = f"page {chunk.document_number}" if chunk.document_number else ""
    told = {"name": chunk.document_title, "url": chunk.document_url, "page": page}
    return QuotedChunk(
        kind="knowledge",
        text=chunk.content,
        provenance={name: value for name, value in told.items() if value},
        base_id=base_id,
        chunk=chunk,
    )
