from typing import Any

from console.pages.reference.operation import (
    ACCEPTED,
    CONVERSATION,
    ID,
    PERSON,
    WHEN,
    Operation,
    Section,
    page_of,
)

_SEEN = f"{PERSON}/Observations"
_ONE = f"{_SEEN}/{{observation_id}}"
_NEW = {
    "content": "Prefers text messages over calls.",
    "source": "chat",
    "occurredAt": WHEN,
}
_OBSERVATION: dict[str, Any] = {
    "id": f"mem_observation_{ID}",
    **_NEW,
    "createdAt": WHEN,
    "updatedAt": WHEN,
}
_SUMMARY = {
    "id": f"mem_summary_{ID}",
    "content": "Asked about order 4521; it was sent again.",
    "conversationId": CONVERSATION,
    "occurredAt": WHEN,
    "createdAt": WHEN,
    "updatedAt": WHEN,
}

OBSERVATIONS = Section(
    "observations",
    "Observations",
    "Single facts that were learned of a customer, each with the time when it was "
    "said.",
    (
        Operation(
            name="create-observations",
            method="POST",
            path=_SEEN,
            says="Adds up to ten observations, all or none of them.",
            call="observations.create",
            request="observation.ObservationList.CreateObservationsRequest",
            body={"observations": [_NEW]},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="list-observations",
            method="GET",
            path=_SEEN,
            says="A profile's observations, newest first.",
            call="observations.list",
            shows="content",
            paged=True,
            options={
                "source": "only those of this source",
                "conversationId": "only those of this conversation",
                "createdAfter": "written at this time or later",
                "createdBefore": "written before this time",
            },
            answer=page_of("observations", _OBSERVATION),
        ),
        Operation(
            name="fetch-observation",
            method="GET",
            path=_ONE,
            says="One observation.",
            call="observations.fetch",
            shows="content",
            answer=_OBSERVATION,
        ),
        Operation(
            name="patch-observation",
            method="PATCH",
            path=_ONE,
            says="Corrects it; what it said before stays among its revisions.",
            call="observations.patch",
            request="observation.ObservationList.ObservationBase",
            body={"content": "Prefers text messages, never calls."},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="list-revisions",
            method="GET",
            path=f"{_ONE}/Revisions",
            says="Everything that an observation has said, the present state first.",
            call="revisions.list",
            shows="content",
            paged=True,
            answer=page_of("revisions", _OBSERVATION),
        ),
        Operation(
            name="delete-observation",
            method="DELETE",
            path=_ONE,
            says="Removes it with its revisions. It cannot be brought back.",
            call="observations.delete",
            status=202,
            answer=ACCEPTED,
        ),
    ),
)

RECALL = Section(
    "recall",
    "Recall",
    "What matters now, for an agent that is about to answer.",
    (
        Operation(
            name="recall",
            method="POST",
            path=f"{PERSON}/Recall",
            says="Observations and summaries that fit the query, best first and "
            "scored from 0 to 1. Without a query, and without a conversation to take "
            "one from: the newest, unscored.",
            call="recall.create",
            request="recall.RecallList.MemoryRetrievalRequest",
            shows="observations",
            body={
                "query": "how to reach this customer",
                "observationsLimit": 5,
                "summariesLimit": 2,
            },
            answer={
                "observations": [_OBSERVATION | {"score": 0.91}],
                "summaries": [_SUMMARY | {"score": 0.12}],
                "communications": [],
                "meta": {"queryTime": 6},
            },
        ),
    ),
)
