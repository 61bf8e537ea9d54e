"""Profiles, lookup and traits. Contract 11.1."""

from typing import Annotated, Any

import msgspec
from django.conf import settings
from django.http import HttpResponse

from console.contract.times import to_wire
from console.service import errors, limits
from console.service.http.answers import accepted, answer
from console.service.http.bodies import StrictBody, check_deletion, read_body
from console.service.http.paging import answer_page, read_page
from console.service.http.query import flag_of
from console.service.http.request import ApiRequest
from console.service.memory import identifiers, profiles, resolution
from console.service.memory.models import Profile, Trait
from console.service.memory.stores import get_store

_SCALARS = [
    {"type": "string", "maxLength": int(limits.TRAIT_STRING)},
    {"type": ["number", "boolean"]},
]
_ARRAY = {
    "type": "array",
    "items": {"anyOf": _SCALARS},
    "maxItems": int(limits.TRAIT_ARRAY),
}
# Checked against the trait's definition, which no type can do (service/traits.py).
TraitValue = Annotated[
    Any, msgspec.Meta(extra_json_schema={"anyOf": [*_SCALARS, _ARRAY]})
]
Group = Annotated[
    dict[str, TraitValue], msgspec.Meta(max_length=int(limits.PAYLOAD_TRAITS))
]
Groups = Annotated[
    dict[str, Group], msgspec.Meta(max_length=int(limits.PAYLOAD_GROUPS))
]
IdType = Annotated[
    str,
    msgspec.Meta(
        min_length=int(limits.ID_TYPE_MIN), max_length=int(limits.ID_TYPE_MAX)
    ),
]
IdentifierValue = Annotated[str, msgspec.Meta(max_length=int(limits.IDENTIFIER_VALUE))]


class ProfileTraits(StrictBody, frozen=True):
    traits: Groups | None = None


class Lookup(StrictBody, frozen=True):
    id_type: IdType
    value: IdentifierValue


def list_profiles(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    return answer_page(
        request,
        Profile.objects.of(store),
        read_page(request, cap=limits.PROFILE_PAGE),
        key="profiles",
        sort=("created_at", "id"),
        show=lambda profile: profile.id,
    )


def create_profile(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, ProfileTraits)
    profile = profiles.create_profile(store, body.traits or {})
    return accepted("accepted", id=profile.id)


def lookup_profiles(request: ApiRequest, store_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    body = read_body(request, Lookup)
    found = identifiers.look_up_profiles(store, body.id_type, body.value)
    return answer(
        {"normalizedValue": found.normalized_value, "profiles": found.profiles}
    )


def fetch_profile(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    profile = profile_of(request, store_id, profile_id)
    traits: dict[str, dict[str, Any]] = {}
    wanted = _groups(request.GET.get("traitGroups"))
    for trait in _traits(profile, wanted).order_by("trait_group", "name"):
        traits.setdefault(trait.trait_group, {})[trait.name] = trait.value
    shown: dict[str, Any] = {
        "id": profile.id,
        "createdAt": to_wire(profile.created_at),
        "traits": traits,
    }
    if flag_of(request.GET, "includeMergedIds", default=False):
        shown["mergedIds"] = resolution.list_merged_ids(profile)
    return answer(shown)


def patch_profile(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    store = get_store(request.account, store_id)
    # traits, group, trait: only the null of a trait means anything, its removal.
    body = read_body(request, ProfileTraits, nulls_at=2)
    profiles.patch_profile(store, profile_id, body.traits or {})
    return accepted("accepted")


def delete_profile(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    check_deletion(request)
    profiles.delete_profile(get_store(request.account, store_id), profile_id)
    return accepted("accepted")


def list_traits(request: ApiRequest, store_id: str, profile_id: str) -> HttpResponse:
    profile = profile_of(request, store_id, profile_id)
    page = read_page(request, cap=limits.TRAIT_PAGE, filters=("traitGroups",))
    return answer_page(
        request,
        _traits(profile, _groups(page.filters.get("traitGroups"))),
        page,
        key="traits",
        sort=("updated_at", "trait_group", "name"),
        show=_show_trait,
    )


def profile_of(
    request: ApiRequest, store_id: str, profile_id: str, *, follow: bool = False
) -> Profile:
    """The profile that a path names, in the caller's own store.

    follow  answer for the canonical profile where a merged one is named, and name it
            in a header; else, and for reads by MEMORY_FOLLOW_MERGED, raises Moved
    """
    store = get_store(request.account, store_id)
    reads = request.method in {"GET", "HEAD"}
    try:
        return profiles.get_profile(store, profile_id)
    except errors.Moved as moved:
        if not (follow or (reads and settings.MEMORY_FOLLOW_MERGED)):
            raise
        request.canonical_profile_id = moved.canonical_id
        return profiles.get_profile(store, moved.canonical_id)


def _groups(text: str | None) -> list[str]:
    if not text:
        return []
    if len(text) > 256:
        raise errors.Invalid("traitGroups: must have 1 to 256 characters")
    return [name.strip() for name in text.split(",")]


def _traits(profile: Profile, groups: list[str]) -> Any:
    rows = Trait.objects.of(profile)
    return rows.filter(trait_group__in=groups) if groups else rows


def _show_trait(trait: Trait) -> dict[str, Any]:
    return {
        "name": trait.name,
        "traitGroup": trait.trait_group,
        "value": trait.value,
        "timestamp": to_wire(trait.updated_at),
    }
