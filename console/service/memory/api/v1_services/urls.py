"""The addresses of the older dialect, on the same data. Contract 16.1."""

from collections.abc import Iterable

from django.urls import URLPattern, path

from console.service.http.routing import View, resource
from console.service.memory.api import observations as current_observations
from console.service.memory.api import profiles as current_profiles
from console.service.memory.api import summaries as current_summaries
from console.service.memory.api.v1_services import (
    observations,
    profiles,
    recall,
    stores,
    summaries,
)

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
        GET=observations.list_observations, POST=observations.create_observations
    ),
    f"{PROFILE}/Observations/<str:observation_id>": resource(
        GET=current_observations.fetch_observation,
        PATCH=observations.patch_observation,
        DELETE=current_observations.delete_observation,
    ),
    f"{PROFILE}/ConversationSummaries": resource(
        GET=summaries.list_summaries, POST=summaries.create_summaries
    ),
    f"{PROFILE}/ConversationSummaries/<str:summary_id>": resource(
        GET=current_summaries.fetch_summary,
        PATCH=summaries.patch_summary,
        DELETE=current_summaries.delete_summary,
    ),
    f"{PROFILE}/Recall": resource(POST=recall.create_recall),
}


def older_dialect(patterns: Iterable[URLPattern]) -> list[URLPattern]:
    """Stores, and every address of the data plane in `patterns`, in their order."""
    older = [
        path(SERVICES, resource(GET=stores.list_services, POST=stores.create_service)),
        path(OLDER, resource(GET=stores.fetch_service, DELETE=stores.delete_service)),
    ]
    for pattern in patterns:
        root, found, tail = str(pattern.pattern).partition(CURRENT)
        if found and not root:
            older.append(path(OLDER + tail, DIFFERENT.get(tail, pattern.callback)))
    return older
