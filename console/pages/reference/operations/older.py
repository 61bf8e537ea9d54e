from typing import Any

from console.pages.reference.operation import (
    ACCEPTED,
    ID,
    WHEN,
    Operation,
    Section,
    page_of,
)

_SERVICES = "/v1/Services"
_SERVICE = f"{_SERVICES}/{{store_id}}"
_PEOPLE = f"{_SERVICE}/Profiles"
_PERSON = f"{_PEOPLE}/{{profile_id}}"
_SHOWN = {
    "sid": f"mem_store_{ID}",
    "id": f"mem_store_{ID}",
    "uniqueName": "client-43",
    "friendlyName": "Borealis Travel",
    "status": "ACTIVE",
    "version": 1,
}
_OBSERVATION: dict[str, Any] = {
    "id": f"mem_observation_{ID}",
    "content": "Prefers text messages over calls.",
    "source": "chat",
    "occurredAt": WHEN,
    "createdAt": WHEN,
    "updatedAt": WHEN,
    "score": 0.91,
}

OLDER = Section(
    "older",
    "Older clients: /v1/Services",
    "The same stores under their old name, for programs that still ask there. Every "
    "address below /v1/Stores/{store_id} answers below /v1/Services/{store_id} as "
    "well; these differ. New programs take /v1/Stores.",
    (
        Operation(
            name="create-service",
            method="POST",
            path=_SERVICES,
            says="Makes a store at once, without an operation.",
            body={"uniqueName": "client-43", "friendlyName": "Borealis Travel"},
            status=201,
            answer=_SHOWN,
        ),
        Operation(
            name="list-services",
            method="GET",
            path=_SERVICES,
            says="The account's stores themselves, not their ids alone.",
            paged=True,
            answer=page_of("services", _SHOWN),
        ),
        Operation(
            name="fetch-service",
            method="GET",
            path=_SERVICE,
            says="One store.",
            answer=_SHOWN,
        ),
        Operation(
            name="create-profile-of-service",
            method="POST",
            path=_PEOPLE,
            says="As create profile; groups and traits that the store does not know "
            "are declared by being written.",
            body={
                "traits": {
                    "Contact": {"email": "ada@example.com"},
                    "Account": {"tier": "gold"},
                }
            },
            status=202,
            answer={"id": f"mem_profile_{ID}", "message": "accepted"},
        ),
        Operation(
            name="lookup-profiles-of-service",
            method="POST",
            path=f"{_PEOPLE}/Lookup",
            says="As lookup profiles; each profile is an object with its id.",
            body={"idType": "email", "value": "ada@example.com"},
            answer={
                "normalizedValue": "ada@example.com",
                "profiles": [{"id": f"mem_profile_{ID}"}],
            },
        ),
        Operation(
            name="create-observations-of-service",
            method="POST",
            path=f"{_PERSON}/Observations",
            says="As create observations; the time may be left out.",
            body={
                "observations": [{"content": "Has a dog called Bo.", "source": "chat"}]
            },
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="create-summary-of-service",
            method="POST",
            path=f"{_PERSON}/ConversationSummaries",
            says="One summary by its own fields; conversations may have any id.",
            body={"conversationId": "CH42", "content": "Asked for a refund."},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="recall-of-service",
            method="POST",
            path=f"{_PERSON}/Recall",
            says="As recall, with 5 observations unless told otherwise, and 20 of "
            "each kind at the most.",
            body={"query": "how to reach this customer", "summariesLimit": 0},
            answer={
                "observations": [_OBSERVATION],
                "summaries": [],
                "communications": [],
                "meta": {"queryTime": 6},
            },
        ),
        Operation(
            name="delete-service",
            method="DELETE",
            path=_SERVICE,
            says="Removes the store and everything in it, at once.",
            answer={"message": "deleted"},
        ),
    ),
)
