"""Profiles, lookup and traits. Contract 11.1."""

from typing import Annotated, Any, Literal

from django.conf import settings
from django.db.models.functions import Lower
from django.http import HttpResponse
from msgspec import Meta
from msgspec.structs import replace

from console.contract.base import Time
from console.contract.memory import profile as wire
from console.contract.memory.identifier import Identifier, LookupResult
from console.contract.memory.page import UPDATE, ProfileOrder
from console.contract.memory.trait import TRAIT_GROUPS_QUERY_MAX, Trait, TraitsPage
from console.contract.times import from_wire
from console.service import errors
from console.service.http.answers import accepted, answer, from_row
from console.service.http.description import operation as doc
from console.service.http.paging import answer_page, read_page
from console.service.http.request import ApiRequest, read_flag
from console.service.memory import identifiers, models, profiles, resolution
from console.service.memory.queries import Caller, count_items, read_traits

PROFILES = "v1/Stores/<store_id>/Profiles"
PROFILE = f"{PROFILES}/<profile_id>"
TRAIT_GROUPS_QUERY = {
    "traitGroups": Annotated[
        str,
        Meta(
            min_length=1,
            max_length=TRAIT_GROUPS_QUERY_MAX,
            description="Only these groups, separated by commas.",
        ),
    ]
}
# Ours: the contract has no way from a profile to the ids that it had before.
MERGED_IDS_QUERY = {
    "includeMergedIds": doc.documented(bool, "Adds the ids merged into this profile.")
}


SUPPRESS_QUERY = {
    "suppress": doc.documented(
        bool, "Refuses its identifiers from then on, until that is lifted."
    )
}
# Ours, as the order by updatedAt.
LIST_QUERY = {
    "idType": Annotated[str, Meta(description="Only those with such an identifier.")],
    "ids": Annotated[str, Meta(description="Only these, separated by commas.")],
    "updatedSince": Annotated[Time, Meta(description="Only those written since.")],
    "includeActivity": Annotated[
        Literal["true", "false"],
        Meta(description="Adds when each was written last, and how many items it has."),
    ],
}


@doc.operation(
    "GET",
    PROFILES,
    {200: wire.ProfilesPage},
    query={"orderBy": ProfileOrder} | LIST_QUERY,
)
def list_profiles(request: ApiRequest) -> HttpResponse:
    """The ids of a store's profiles, newest first."""
    page = read_page(request, filters=LIST_QUERY, orders=UPDATE)
    rows, asked = models.Profile.objects.of(request.store), page.filters
    if id_type := asked.get("idType"):
        holders = models.Identifier.objects.filter(
            store_id=request.store.id, id_type=id_type
        )
        rows = rows.filter(id__in=holders.values("profile_id"))
    if ids := asked.get("ids"):
        rows = rows.filter(id__in=ids.split(","))
    if since := asked.get("updatedSince"):
        rows = rows.filter(updated_at__gte=from_wire(since))
    beside: dict[str, Any] = {}
    if asked.get("includeActivity") == "true":
        beside["activity"] = _show_activity
    return answer_page(
        request,
        rows,
        page,
        lambda profile: profile.id,
        **beside,
    )


def _show_activity(profile: models.Profile) -> wire.ProfileActivity:
    return from_row(
        wire.ProfileActivity,
        profile,
        observations=count_items(models.Observation, profile),
        summaries=count_items(models.Summary, profile),
    )


@doc.operation("POST", PROFILES, {202: wire.CreatedProfile}, refusals=(409,))
def create_profile(request: ApiRequest, body: wire.ProfileTraits) -> HttpResponse:
    """Finds the profile that has one of these identifiers, or creates a new one. At
    least one trait must be promoted to an identifier."""
    profile, unfit = profiles.create_profile(request.store, body.traits or {})
    return accepted(unfit, id=profile.id)


@doc.operation(
    "POST",
    f"{PROFILES}/Lookup",
    {200: LookupResult},
    summary="Look up profiles",
    sample={"idType": "email", "value": "Ada@Example.com"},
)
def lookup_profiles(request: ApiRequest, body: Identifier) -> HttpResponse:
    """Finds the profiles with an identifier. The answer shows the value as it was
    normalised."""
    found = identifiers.look_up_profiles(request.store, body.id_type, body.value)
    return answer(found)


@doc.operation(
    "POST", f"{PROFILES}/Search", {200: wire.SearchResult}, summary="Search profiles"
)
def search_profiles(request: ApiRequest, body: wire.SearchProfiles) -> HttpResponse:
    """Finds profiles by words in the values of their traits."""
    # Ours: the contract finds by identifiers alone.
    return answer(profiles.search_profiles(request.store, body))


@doc.operation(
    "GET", PROFILE, {200: wire.Profile}, query=TRAIT_GROUPS_QUERY | MERGED_IDS_QUERY
)
def fetch_profile(request: ApiRequest, profile_id: str) -> HttpResponse:
    """One profile and its traits by group."""
    profile = get_profile(request, profile_id)
    traits: dict[str, dict[str, Any]] = {}
    groups = {g.lower() for g in _read_trait_groups(request.GET.get("traitGroups"))}
    for group, name, value in read_traits(profile):
        if not groups or group.lower() in groups:
            traits.setdefault(group, {})[name] = value
    merged_ids = None
    if read_flag(request.GET, "includeMergedIds", default=False):
        merged_ids = resolution.list_merged_ids(profile)
    shown = from_row(wire.Profile, profile, traits=traits, merged_ids=None)
    return answer(replace(shown, merged_ids=merged_ids))


@doc.operation(
    "PATCH",
    PROFILE,
    doc.ACCEPTED,
    sample={"traits": {"Contact": {"city": "Bern"}}},
    nulls_at=(2,),
    refusals=(409,),
)
def patch_profile(
    request: ApiRequest, profile_id: str, body: wire.ProfileTraits
) -> HttpResponse:
    # traits, group, trait: only the null of a trait means anything, its removal.
    """Sets the traits given and keeps the others; null removes one (the Python client
    drops nulls)."""
    return accepted(
        profiles.patch_profile(request.store, profile_id, body.traits or {})
    )


@doc.operation(
    "DELETE", PROFILE, doc.ACCEPTED, query=SUPPRESS_QUERY, logs="profile.deleted"
)
def delete_profile(request: ApiRequest, profile_id: str) -> HttpResponse:
    """Deletes the profile with its identifiers, observations and summaries. This cannot
    be undone."""
    suppressed = read_flag(request.GET, "suppress", default=False)
    profiles.delete_profile(request.store, profile_id, suppressed=suppressed)
    return accepted()


@doc.operation(
    "GET",
    f"{PROFILE}/Traits",
    {200: TraitsPage},
    query=doc.ORDERED_PAGE_QUERY | TRAIT_GROUPS_QUERY,
)
def list_traits(request: ApiRequest, profile_id: str) -> HttpResponse:
    """A profile's traits one by one, each with the time of its last change."""
    profile = get_profile(request, profile_id)
    page = read_page(request)
    return answer_page(
        request,
        _list_traits(profile, _read_trait_groups(page.filters.get("traitGroups"))),
        page,
        lambda trait: from_row(Trait, trait, timestamp=trait.updated_at),
        sort=("updated_at", "trait_group", "name"),
    )


def get_profile(
    request: ApiRequest, profile_id: str, *, follow: bool = False
) -> models.Profile:
    """The profile that a path names, in the caller's own store.

    follow  answer for the canonical profile where a merged one is named, and name it
            in a header; else, and for reads by MEMORY_FOLLOW_MERGED, raises ProfileMoved
    """
    caller: Caller | None = getattr(request, "caller", None)
    if caller and caller.profile and caller.profile.id == profile_id:
        return caller.profile
    reads = request.method in {"GET", "HEAD"}
    try:
        return profiles.get_profile(request.store, profile_id)
    except errors.ProfileMoved as moved:
        if not (follow or (reads and settings.MEMORY_FOLLOW_MERGED)):
            raise
        request.canonical_profile_id = moved.canonical_id
        return profiles.get_profile(request.store, moved.canonical_id)


def _read_trait_groups(text: str | None) -> list[str]:
    if not text:
        return []
    if len(text) > TRAIT_GROUPS_QUERY_MAX:
        raise errors.Invalid(
            f"traitGroups: must be at most {TRAIT_GROUPS_QUERY_MAX} characters"
        )
    return [name.strip() for name in text.split(",")]


def _list_traits(profile: models.Profile, groups: list[str]) -> Any:
    rows = models.Trait.objects.of(profile)
    if not groups:
        return rows
    return rows.annotate(group=Lower("trait_group")).filter(
        group__in=[name.lower() for name in groups]
    )
