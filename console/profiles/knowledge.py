"""What a tenant's bases say to a question, beside what is remembered of a customer."""

from contextlib import suppress

from console.client.errors import MemoryProblem
from console.contract.knowledge.chunk import SEARCH_QUERY_MAX, FoundChunk
from console.profiles.prompt import Quote
from console.tenants.models import Tenant
from console.tenants.vault import open_account

# The best of all bases that are surer than this (docs/recall.md, thresholds).
QUOTED, LEAST = 3, 0.3


def quote_knowledge(tenant: Tenant, query: str) -> list[Quote]:
    """None of a base that cannot be asked: it costs its part alone."""
    if not (query.strip() and tenant.knowledge_bases):
        return []
    client, found = open_account(tenant).knowledge, list[FoundChunk]()
    for base_id in tenant.knowledge_bases:
        with suppress(MemoryProblem):
            found += client.search(base_id, query[:SEARCH_QUERY_MAX], QUOTED)
    best = sorted(found, key=lambda chunk: chunk.score, reverse=True)[:QUOTED]
    return [
        Quote("knowledge", chunk.content, _tell(chunk))
        for chunk in best
        if chunk.score >= LEAST
    ]


def _tell(chunk: FoundChunk) -> dict[str, str]:
    page = f"page {chunk.document_number}" if chunk.document_number else ""
    told = {"name": chunk.document_title, "url": chunk.document_url, "page": page}
    return {name: value for name, value in told.items() if value}
