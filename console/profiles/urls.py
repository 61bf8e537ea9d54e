from django.urls import path

from console.profiles.views import (
    card,
    identifiers,
    observation,
    people,
    summaries,
    timeline,
    traits,
)

app_name = "profiles"
urlpatterns = [
    path("", people.list_page, name="list"),
    path("<str:profile_id>/", card.profile, name="profile"),
    path("<str:profile_id>/traits/", traits.traits, name="traits"),
    path("<str:profile_id>/identifiers/", identifiers.identifiers, name="identifiers"),
    path("<str:profile_id>/observations/", timeline.observations, name="observations"),
    path(
        "<str:profile_id>/observations/<str:observation_id>/",
        observation.observation,
        name="observation",
    ),
    path("<str:profile_id>/summaries/", summaries.summaries, name="summaries"),
    path(
        "<str:profile_id>/summaries/<str:summary_id>/",
        summaries.summary,
        name="summary",
    ),
]
