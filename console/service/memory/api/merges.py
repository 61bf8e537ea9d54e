"""Merges that a person may judge: those that wait, and those to be taken back. Ours."""

from datetime import timedelta

from django.http import HttpResponse

from console.contract.memory.merge import (
    MERGE_DAYS,
    MERGES_PER_PAGE,
    DecideSuggestion,
    LearnedSince,
    Merge,
    MergesPage,
    MergeSuggestion,
    MergeSuggestionsPage,
    Unmerged,
)
from console.contract.memory.profile import ProfileId
from console.service.http.answers import accepted, answer, from_row
from console.service.http.description.operation import (
    ACCEPTED,
    ORDERED_PAGE_QUERY,
    documented,
    operation,
)
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_body
from console.service.memory import merging, models, suggestions
from console.service.memory.stores import get_store


@operation(
    "Pairs of profiles that a value would have joined, and that may be two people.",
    {200: MergeSuggestionsPage},
    query=ORDERED_PAGE_QUERY,
)
def list_merge_suggestions(request: ApiRequest, store_id: str) -> HttpResponse:
    return answer_page(
        request,
        suggestions.find_suggestions(get_store(request.account, store_id)),
        read_page(request, cap=MERGES_PER_PAGE),
        MergeSuggestionsPage,
        sort=("created_at", "id"),
        show=lambda row: from_row(
            MergeSuggestion, row, profiles=(row.profile_id, row.other_id)
        ),
    )


@operation(
    "Merges the two, or keeps them apart: no value joins them by itself any more.",
    ACCEPTED,
    body=DecideSuggestion,
)
def decide_merge_suggestion(
    request: ApiRequest, store_id: str, suggestion_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, DecideSuggestion)
    suggestions.decide_suggestion(
        store, suggestion_id, accept=body.decision == "accept"
    )
    return accepted()


@operation(
    f"The merges of the last {MERGE_DAYS} days, which can be taken back.",
    {200: MergesPage},
    query=ORDERED_PAGE_QUERY
    | {"canonicalId": documented(ProfileId, "Only those into this profile.")},
)
def list_merges(request: ApiRequest, store_id: str) -> HttpResponse:
    page = read_page(request, cap=MERGES_PER_PAGE, filters=("canonicalId",))
    rows = merging.find_merges(get_store(request.account, store_id))
    if canonical_id := page.filters.get("canonicalId"):
        rows = rows.filter(profile_id=canonical_id)
    return answer_page(
        request, rows, page, MergesPage, sort=("merged_at", "id"), show=_show_merge
    )


def _show_merge(part: models.ProfilePart) -> Merge:
    until = part.merged_at + timedelta(days=MERGE_DAYS)
    return from_row(Merge, part, canonical_id=part.profile_id, unmerge_until=until)


@operation(
    "Takes a merge back: both profiles have again what they had, and what was learned "
    "since stays with the canonical one and is named. No value joins the two by itself "
    "any more.",
    {200: Unmerged},
    refusals=(409,),
)
def unmerge_profile(
    request: ApiRequest, store_id: str, profile_id: str
) -> HttpResponse:
    store = get_store(request.account, store_id)
    parted = merging.unmerge_profile(store, profile_id)
    learned = tuple(LearnedSince(kind=kind, id=id_) for kind, id_ in parted.learned)
    return answer(from_row(Unmerged, parted, learned=learned))
