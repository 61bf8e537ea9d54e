"""The knowledge bases of an account (docs/knowledge.md)."""

from typing import IO

from console.client.errors import MemoryRefused
from console.client.http import Page, Sender, segment
from console.contract.conversations.configuration import OperationStatus
from console.contract.knowledge.base import (
    CreateKnowledgeBase,
    KnowledgeBase,
    KnowledgeBasesPage,
)
from console.contract.knowledge.chunk import (
    Chunk,
    ChunksPage,
    Disagreements,
    FoundChunk,
    FoundChunks,
    SearchKnowledge,
)
from console.contract.knowledge.source import (
    SOURCES_PER_BASE,
    CreateKnowledge,
    Knowledge,
    KnowledgePage,
    PatchKnowledge,
    SentFile,
)

BASES = "/v2/ControlPlane/KnowledgeBases"
OPERATIONS = "/v2/ControlPlane/Operations/"


class KnowledgeClient:
    """Made by `AccountClient.knowledge`. Every method raises MemoryProblem."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list_bases(self) -> Page[KnowledgeBase]:
        return self._sender.list_page(BASES, KnowledgeBasesPage)

    def fetch_base(self, base_id: str) -> KnowledgeBase:
        return self._sender.fetch_one(_base(base_id), KnowledgeBase, base_id)

    def create_base(self, base: CreateKnowledgeBase) -> str:
        """Answers its id; "" where the memory has not made it yet."""
        accepted = self._sender.write("POST", BASES, base).content
        operation_id = str(accepted.get("statusUrl", "")).rpartition("/")[2]
        path = f"{OPERATIONS}{segment('operation', operation_id)}"
        done = self._sender.fetch(path, OperationStatus)
        return done.result.id if done.result else ""

    def delete_base(self, base_id: str) -> None:
        self._sender.write("DELETE", _base(base_id))

    def list_sources(self, base_id: str) -> Page[Knowledge]:
        """All of a base's: it has at most SOURCES_PER_BASE."""
        path = _sources(base_id)
        return self._sender.list_page(path, KnowledgePage, page_size=SOURCES_PER_BASE)

    def fetch_source(self, base_id: str, source_id: str) -> Knowledge:
        path = _source(base_id, source_id)
        return self._sender.fetch_one(path, Knowledge, source_id)

    def create_source(
        self, base_id: str, source: CreateKnowledge, file: IO[bytes] | None = None
    ) -> Knowledge:
        """With its file, if it is one."""
        path = _sources(base_id)
        made = self._sender.post(path, Knowledge, source)
        if file and isinstance(source.source, SentFile):
            size = source.source.file_size or 0
            url = getattr(made.source, "import_url", "")
            self._sender.upload(url, file, size, str(source.source.mime_type))
        return made

    def refresh_source(self, base_id: str, source_id: str) -> None:
        path, query = _source(base_id, source_id), {"refresh": "true"}
        self._sender.send(
            "PATCH", path, dict[str, str], query=query, body=PatchKnowledge()
        )

    def delete_source(self, base_id: str, source_id: str) -> None:
        self._sender.write("DELETE", _source(base_id, source_id))

    def list_chunks(
        self, base_id: str, source_id: str, *, page_token: str, page_size: int
    ) -> Page[Chunk]:
        path = f"{_source(base_id, source_id)}/Chunks"
        return self._sender.list_page(path, ChunksPage, page_token, page_size)

    def search(
        self, base_id: str, query: str, top: int, *, trace: bool = False
    ) -> tuple[FoundChunk, ...]:
        """Best first, each with its trace where the memory can tell it."""
        asked = SearchKnowledge(query=query, top=top, trace=trace)
        path = f"{_data(base_id)}/Search"
        try:
            found = self._sender.send("POST", path, FoundChunks, body=asked, reads=True)
        except MemoryRefused as refused:
            if not trace or refused.http_status != 400:
                raise
            return self.search(base_id, query, top)
        return found.content.chunks

    def find_disagreements(self, base_id: str) -> Disagreements:
        """Ours: raises MemoryNotFound of a memory that cannot say."""
        path = f"{_data(base_id)}/Disagreements"
        return self._sender.fetch(path, Disagreements)


def _base(base_id: str) -> str:
    return f"{BASES}/{segment('knowledge base', base_id)}"


def _data(base_id: str) -> str:
    return f"/v2/KnowledgeBases/{segment('knowledge base', base_id)}"


def _sources(base_id: str) -> str:
    return f"{_data(base_id)}/Knowledge"


def _source(base_id: str, source_id: str) -> str:
    return f"{_sources(base_id)}/{segment('knowledge source', source_id)}"
