"""The service's own functions as a system to be measured."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from django.db import connections, transaction
from django.utils import timezone

from console.contract.ids import new_id
from console.contract.memory.recall import RecallRequest
from console.engine.embedding import Use3
from console.service.memory.embedding_jobs import embed_pending, embed_query
from console.service.memory.items import add_entries
from console.service.memory.models import Observation, Profile, Summary
from console.service.memory.recall import recall
from console.service.memory.stores import create_store
from console.service.models import Account, create_account
from tests.benchmarks.peers.system import TOP, System
from tests.benchmarks.peers.work import Row, Work


class Given:
    """The product's model with its vectors made beforehand, as everybody's are."""

    id = Use3.id

    def __init__(self, vectors: dict[str, np.ndarray]) -> None:
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._vectors[text] for text in texts])


class Service(System):
    version = "this tree"

    def __init__(self, folder: Path, work: Work) -> None:
        self._file = folder / "memory.sqlite3"
        self._model = Given(work.vectors)
        account = Account.objects.get(sid=create_account("bench").account_sid)
        self._store = create_store(account, display_name="bench", description="")
        self._profiles = {
            name: Profile(
                store_id=self._store.id,
                id=new_id("mem_profile"),
                created_at=timezone.now(),
            )
            for name in work.profiles
        }
        Profile.objects.bulk_create(self._profiles.values())
        self._names: dict[str, str] = {}
        # Kept from here on by the product's own cache: others are given theirs.
        for asked in (*work.timed, *work.judged):
            embed_query(asked.query)

    def add(self, rows: Sequence[Row]) -> None:
        self._write(
            [
                self._new(Observation, row, conversation_ids=[row.conversation])
                for row in rows
            ]
        )

    def _new(self, model: Any, row: Row, **fields: Any) -> Any:
        id_, now = new_id(f"mem_{model._meta.model_name}"), timezone.now()
        self._names[id_] = row.id
        return model(
            store_id=self._store.id,
            profile_id=self._profiles[row.profile].id,
            id=id_,
            content=row.content,
            source="bench",
            occurred_at=datetime.fromisoformat(row.occurred_at),
            created_at=now,
            updated_at=now,
            **fields,
        )

    def _write(self, rows: Sequence[Any]) -> None:
        with transaction.atomic(using="memory"):
            type(rows[0]).objects.bulk_create(rows)
            add_entries(self._store.id, rows)

    def build(self) -> None:
        """What the worker does, in its batches and transactions."""
        for _ in embed_pending(self._model):
            pass

    def search(self, profile: str, query: str, vector: np.ndarray) -> list[str]:
        request = RecallRequest(query=query, observations_limit=TOP, summaries_limit=0)
        answer = recall(self._profiles[profile], request)
        return [self._names[each.id] for each in answer.observations]

    def size(self) -> int:
        with connections["memory"].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return self._file.stat().st_size

    def add_summaries(self, rows: Iterable[Row]) -> bool:
        self._write(
            [self._new(Summary, row, conversation_id=row.conversation) for row in rows]
        )
        self.build()
        return True
