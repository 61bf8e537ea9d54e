"""Chunks of a source, and the search for them. Knowledge 6.4, 7."""

from typing import Annotated

from msgspec import Meta

from console.contract.base import URL_MAX, Noun, StrictBody, Time, always, described
from console.contract.knowledge.source import KnowledgeId
from console.contract.memory.page import define_page
from console.contract.memory.recall import TraceScore

CHUNK_CONTENT_MAX = 65_536  # 6.4 [S]: ours have 1,000 (service/knowledge/parsing.py)
CHUNK_TITLE_MAX = 512  # 6.4 [S]
SEARCH_QUERY_MAX = 2048  # 7 [S]
SEARCH_TOP_MAX = 20  # 7 [S]
SEARCH_SOURCES_MAX = 100  # 7 [S]
DISAGREEMENTS_MAX = 50  # 9 [R]
CHUNKS_PER_PAGE = 1000  # 3 [S]


class SourceKind(Noun, frozen=True, kw_only=True):
    """An undeclared member that vendor samples read."""

    source_type: str


class Chunk(Noun, omit_defaults=True, frozen=True, kw_only=True):
    """A piece of a document.

    chunk_index      from 0, anew in each document
    document_title   of a web page its title, of a file its name, else the source's
    document_url     of a web page
    document_number  of a PDF the page, from 1
    """

    content: Annotated[str, described(maxLength=CHUNK_CONTENT_MAX)]
    created_at: Time
    chunk_index: Annotated[int, described(minimum=0)]
    document_title: Annotated[str, described(maxLength=CHUNK_TITLE_MAX)] = ""
    document_url: Annotated[str, described(maxLength=URL_MAX)] = ""
    document_number: Annotated[int, described(minimum=1)] | None = None
    metadata: SourceKind | None = None


class FoundChunk(Chunk, frozen=True, kw_only=True):
    """score  the chance that it is what was looked for, 0 to 1: it can be compared from
           one search to another
    trace  ours: how the score came about, where it is asked for
    """

    score: Annotated[float, described(minimum=0, maximum=1)] = always(float)
    knowledge_id: KnowledgeId = always(str)
    trace: TraceScore | None = None


class SearchKnowledge(StrictBody, frozen=True, kw_only=True):
    """knowledge_ids  none: every source of the base
    trace          ours: whether each chunk tells how its score came about
    """

    query: Annotated[str, Meta(min_length=1, max_length=SEARCH_QUERY_MAX)]
    top: Annotated[int, Meta(ge=1, le=SEARCH_TOP_MAX)]
    knowledge_ids: Annotated[list[str], Meta(max_length=SEARCH_SOURCES_MAX)] = []
    trace: bool = False


class FoundChunks(Noun, frozen=True, kw_only=True):
    """Best first."""

    chunks: Annotated[tuple[FoundChunk, ...], described(maxItems=SEARCH_TOP_MAX)]


class DisagreeingChunk(Chunk, frozen=True, kw_only=True):
    """figure  what the other one has another number for, as it is written"""

    knowledge_id: KnowledgeId = always(str)
    figure: str = always(str)


class Disagreement(Noun, frozen=True, kw_only=True):
    """Two chunks that say nearly the same with other numbers. similarity: cosine"""

    similarity: float
    chunks: Annotated[tuple[DisagreeingChunk, ...], described(minItems=2, maxItems=2)]


class Disagreements(Noun, frozen=True, kw_only=True):
    """The nearest first. is_complete: whether all chunks with figures were compared"""

    disagreements: Annotated[
        tuple[Disagreement, ...], described(maxItems=DISAGREEMENTS_MAX)
    ]
    is_complete: bool


ChunksPage = define_page("ChunksPage", Chunk, CHUNKS_PER_PAGE)
