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

_SUMMED = f"{PERSON}/ConversationSummaries"
_ONE = f"{_SUMMED}/{{summary_id}}"
_NEW = {
    "content": "Asked about order 4521; it was sent again.",
    "conversationId": CONVERSATION,
    "occurredAt": WHEN,
}
_SUMMARY = {
    "id": f"mem_summary_{ID}",
    **_NEW,
    "createdAt": WHEN,
    "updatedAt": WHEN,
}

SUMMARIES = Section(
    "summaries",
    "Conversation summaries",
    "What a whole conversation came to, in a few sentences.",
    (
        Operation(
            name="create-summaries",
            method="POST",
            path=_SUMMED,
            says="Adds up to ten summaries, all or none of them.",
            call="conversationSummaries.create",
            request="conversation_summary.ConversationSummaryList"
            ".CreateSummariesRequest",
            body={"summaries": [_NEW]},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="list-summaries",
            method="GET",
            path=_SUMMED,
            says="A profile's summaries, newest first.",
            call="conversationSummaries.list",
            shows="content",
            paged=True,
            options={"conversationId": "only those of this conversation"},
            answer=page_of("summaries", _SUMMARY),
        ),
        Operation(
            name="fetch-summary",
            method="GET",
            path=_ONE,
            says="One summary.",
            call="conversationSummaries.fetch",
            shows="content",
            answer=_SUMMARY,
        ),
        Operation(
            name="patch-summary",
            method="PATCH",
            path=_ONE,
            says="Changes the fields that are given. No earlier state is kept.",
            call="conversationSummaries.patch",
            request="conversation_summary.ConversationSummaryList.SummaryCorePatch",
            body={"content": "Asked about order 4521; it was sent again at no cost."},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="delete-summary",
            method="DELETE",
            path=_ONE,
            says="Removes it. It cannot be brought back.",
            call="conversationSummaries.delete",
            status=202,
            answer=ACCEPTED,
        ),
    ),
)
