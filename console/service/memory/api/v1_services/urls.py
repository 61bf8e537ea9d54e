"""The addresses of the older dialect, on the same data. Contract 16.1."""

from collections.abc import Iterable

from django.urls import URLPattern, path

from console.service.http.request import View, address, resource
from console.service.memory.api import observations, summaries
from console.service.memory.api import profiles as current_profiles
from console.service.memory.api.v1_services import items, profiles, stores

SERVICES = "v1/Services"
CURRENT = "v1/Stores/<str:store_id>"
OLDER = f"{SERVICES}/<str:store_id>"

PROFILE = "/Profiles/<str:profile_id>"
# What is said in another way here; the rest of the data plane is mirrored as it is.
DIFFERENT: dict[str, View] = {
    "/Profiles": resource(
        GET=current_profiles.list_profiles, POST=profiles.create_profile
    ),
    "/Profiles/Lookup": resource(POST=profiles.lookup_profiles),
    PROFILE: resource(
        GET=current_profiles.fetch_profile,
        PATCH=profiles.patch_profile,
        DELETE=current_profiles.delete_profile,
    ),
    f"{PROFILE}/Observations": resource(
        GET=items.list_observations, POST=items.create_observations
    ),
    f"{PROFILE}/Observations/<str:observation_id>": resource(
        GET=observations.fetch_observation,
        PATCH=items.patch_observation,
        DELETE=observations.delete_observation,
    ),
    f"{PROFILE}/ConversationSummaries": resource(
        GET=items.list_summaries, POST=items.create_summaries
    ),
    f"{PROFILE}/ConversationSummaries/<str:summary_id>": resource(
        GET=summaries.fetch_summary,
        PATCH=items.patch_summary,
        DELETE=summaries.delete_summary,
    ),
    f"{PROFILE}/Recall": resource(POST=items.create_recall),
}


def older_dialect(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Stores, and every address of the data plane in `patterns`, in their order."""
    older = [
        address(SERVICES, GET=stores.list_services, POST=stores.create_service),
        address(OLDER, GET=stores.fetch_service, DELETE=stores.delete_service),
    ]
    for pattern in patterns:
        root, found, tail = str(pattern.pattern).partition(CURRENT)
        if found and not root:
            older.append(path(OLDER + tail, DIFFERENT.get(tail, pattern.callback)))
    return older
