"""Merges that a person may judge: those that wait, and those to be taken back. Ours."""

from datetime import timedelta

from django.http import HttpResponse

from console.contract.ids import PROFILE_ID
from console.contract.memory import merge as wire
from console.contract.memory.identifier import IdentifierSet
from console.contract.memory.profile import ProfileId
from console.service import errors
from console.service.http.answers import accepted, answer, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest
from console.service.memory import merging, models, suggestions

MERGES = "v1/Stores/<store_id>/Merges"
SUGGESTIONS = "v1/Stores/<store_id>/MergeSuggestions"


@doc.operation(
    "GET", SUGGESTIONS, {200: wire.MergeSuggestionsPage}, query=doc.ORDERED_PAGE_QUERY
)
def list_merge_suggestions(request: ApiRequest) -> HttpResponse:
    """Pairs of profiles that a value would have joined, and that may be two people."""
    return answer_page(
        request,
        suggestions.find_suggestions(request.store),
        read_page(request),
        _show_suggestion,
    )


def _show_suggestion(row: models.MergeSuggestion) -> wire.MergeSuggestion:
    rows = list(suggestions.list_values(row))
    why = dict.fromkeys(each for row in rows for each in row.contradictions)
    return from_row(
        wire.MergeSuggestion,
        row,
        profiles=(row.profile_id, row.other_id),
        contradictions=tuple(why),
        further=tuple(
            IdentifierSet(id_type=each.id_type, values=(each.value,))
            for each in rows
            if each.id != row.id
        ),
    )


@doc.operation(
    "POST", f"{SUGGESTIONS}/<suggestion_id>", doc.ACCEPTED, logs="merge.decided"
)
def decide_merge_suggestion(
    request: ApiRequest, suggestion_id: str, body: wire.DecideSuggestion
) -> HttpResponse:
    """Merges the two, or keeps them apart: no value joins them by itself any more."""
    suggestions.decide_suggestion(
        request.store, suggestion_id, accept=body.decision == "accept"
    )
    return accepted()


@doc.operation(
    "GET",
    MERGES,
    {200: wire.MergesPage},
    query=doc.ORDERED_PAGE_QUERY
    | {"canonicalId": doc.documented(ProfileId, "Only those into this profile.")},
)
def list_merges(request: ApiRequest) -> HttpResponse:
    """The merges of the last 30 days, which can be taken back."""
    page = read_page(request)
    rows = merging.find_merges(request.store)
    if canonical_id := page.filters.get("canonicalId"):
        if not PROFILE_ID.fullmatch(canonical_id):
            raise errors.Invalid("canonicalId: not a valid profile id")
        rows = rows.filter(profile_id=canonical_id)
    return answer_page(request, rows, page, _show_merge, sort=("merged_at", "id"))


def _show_merge(part: models.ProfilePart) -> wire.Merge:
    until = part.merged_at + timedelta(days=wire.MERGE_DAYS)
    return from_row(wire.Merge, part, canonical_id=part.profile_id, unmerge_until=until)


@doc.operation(
    "POST",
    f"{MERGES}/<profile_id>/Unmerge",
    {200: wire.Unmerged},
    refusals=(409,),
    follows=True,
    logs="merge.undone",
)
def unmerge_profile(request: ApiRequest, profile_id: str) -> HttpResponse:
    """Takes a merge back: both profiles have again what they had, and what was learned
    since stays with the canonical one and is named. No value joins the two by itself
    any more."""
    return answer(merging.unmerge_profile(request.store, profile_id))
