"""Observations, conversation summaries and recall (contract 11.4 to 11.6)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from console.client import wire
from console.client.bound import Bound, batch, given, moment_text
from console.client.paths import segment
from console.client.values import Observation, Page, Recall, Summary


class Memories(Bound):
    def list_observations(
        self,
        profile_id: str,
        *,
        page_token: str = "",
        page_size: int = 50,
        order: str = "DESC",
        source: str = "",
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        conversation_id: str = "",
    ) -> Page[Observation]:
        """By creation; from `created_after` on and up to before `created_before`."""
        answer = self._get(
            self._observations(profile_id),
            pageToken=page_token,
            pageSize=page_size,
            orderBy=order,
            source=source,
            createdAfter=moment_text(created_after),
            createdBefore=moment_text(created_before),
            conversationId=conversation_id,
        )
        return wire.observations(answer)

    def create_observations(
        self, profile_id: str, items: Sequence[Mapping[str, Any]]
    ) -> None:
        """1 to 10 items in the contract's own field names, all of them or none."""
        body = batch("observations", items)
        self._sender.send("POST", self._observations(profile_id), body=body)

    def fetch_observation(self, profile_id: str, observation_id: str) -> Observation:
        answer = self._get(self._observation(profile_id, observation_id))
        return wire.observation(answer, observation_id)

    def patch_observation(
        self,
        profile_id: str,
        observation_id: str,
        *,
        content: str | None = None,
        source: str | None = None,
        occurred_at: datetime | None = None,
        conversation_ids: Sequence[str] | None = None,
    ) -> None:
        """Changes what is given; the state before stays as a revision."""
        body = given(
            content=content,
            source=source,
            occurredAt=occurred_at,
            conversationIds=conversation_ids,
        )
        path = self._observation(profile_id, observation_id)
        self._sender.send("PATCH", path, body=body)

    def delete_observation(self, profile_id: str, observation_id: str) -> None:
        """For good, with its revisions. MemoryMoved if the profile was merged."""
        path = self._observation(profile_id, observation_id)
        self._sender.send("DELETE", path)

    def list_revisions(
        self,
        profile_id: str,
        observation_id: str,
        *,
        page_token: str = "",
        page_size: int = 50,
    ) -> Page[Observation]:
        """Every state of one observation, newest first, the current one included."""
        answer = self._get(
            f"{self._observation(profile_id, observation_id)}/Revisions",
            pageToken=page_token,
            pageSize=page_size,
        )
        return wire.revisions(answer, observation_id)

    def list_summaries(
        self,
        profile_id: str,
        *,
        page_token: str = "",
        page_size: int = 50,
        conversation_id: str = "",
    ) -> Page[Summary]:
        answer = self._get(
            self._summaries(profile_id),
            pageToken=page_token,
            pageSize=page_size,
            conversationId=conversation_id,
        )
        return wire.summaries(answer)

    def create_summaries(
        self, profile_id: str, items: Sequence[Mapping[str, Any]]
    ) -> None:
        """1 to 10 items in the contract's own field names, all of them or none."""
        body = batch("summaries", items)
        self._sender.send("POST", self._summaries(profile_id), body=body)

    def fetch_summary(self, profile_id: str, summary_id: str) -> Summary:
        answer = self._get(self._summary(profile_id, summary_id))
        return wire.summary(answer, summary_id)

    def patch_summary(
        self,
        profile_id: str,
        summary_id: str,
        *,
        content: str | None = None,
        source: str | None = None,
        conversation_id: str | None = None,
        occurred_at: datetime | None = None,
    ) -> None:
        """Changes what is given; there is no history of summaries."""
        body = given(
            content=content,
            source=source,
            conversationId=conversation_id,
            occurredAt=occurred_at,
        )
        path = self._summary(profile_id, summary_id)
        self._sender.send("PATCH", path, body=body)

    def delete_summary(self, profile_id: str, summary_id: str) -> None:
        """For good. MemoryMoved if the profile was merged."""
        self._sender.send("DELETE", self._summary(profile_id, summary_id))

    def recall(
        self,
        profile_id: str,
        *,
        query: str = "",
        conversation_id: str = "",
        begin: datetime | None = None,
        end: datetime | None = None,
        observations_limit: int = 20,
        summaries_limit: int = 5,
        communications_limit: int = 0,
        relevance_threshold: float = 0.0,
        trace: bool = False,
    ) -> Recall:
        """Ranked by `query`, else by the conversation, else newest first unscored.

        trace  asks why; only the embedded memory answers that.
        """
        body = given(
            query=query or None,
            conversationId=conversation_id or None,
            beginDate=begin,
            endDate=end,
            observationsLimit=observations_limit,
            summariesLimit=summaries_limit,
            communicationsLimit=communications_limit,
            relevanceThreshold=relevance_threshold,
            trace=trace or None,
        )
        path = f"{self._profile(profile_id)}/Recall"
        return wire.recall(self._sender.send("POST", path, body=body, reads=True))

    def _observations(self, profile_id: str) -> str:
        return f"{self._profile(profile_id)}/Observations"

    def _observation(self, profile_id: str, observation_id: str) -> str:
        child = segment("observation", observation_id)
        return f"{self._observations(profile_id)}/{child}"

    def _summaries(self, profile_id: str) -> str:
        return f"{self._profile(profile_id)}/ConversationSummaries"

    def _summary(self, profile_id: str, summary_id: str) -> str:
        return f"{self._summaries(profile_id)}/{segment('summary', summary_id)}"
