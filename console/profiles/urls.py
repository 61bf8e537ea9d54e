from django.urls import path

from console.profiles.views import (
    card,
    corrections,
    export,
    identifiers,
    observation,
    people,
    reveal,
    summaries,
    timeline,
    trait,
    traits,
)

app_name = "profiles"
urlpatterns = [
    path("", people.list_page, name="list"),
    path("<str:profile_id>/", card.profile, name="profile"),
    path("<str:profile_id>/newest/", card.newest, name="newest"),
    path("<str:profile_id>/traits/", traits.traits, name="traits"),
    path("<str:profile_id>/traits/<str:group>/<str:trait>/", trait.trait, name="trait"),
    path(
        "<str:profile_id>/traits/<str:group>/<str:trait>/correct/",
        trait.correct,
        name="correct_trait",
    ),
    path("<str:profile_id>/identifiers/", identifiers.identifiers, name="identifiers"),
    path("<str:profile_id>/timeline/", timeline.timeline, name="timeline"),
    path("<str:profile_id>/timeline/density/", timeline.density, name="density"),
    path("<str:profile_id>/export/", export.export, name="export"),
    # The same page, as it was called before.
    path("<str:profile_id>/observations/", timeline.timeline, name="observations"),
    path(
        "<str:profile_id>/observations/add/",
        corrections.observation_add,
        name="observation_add",
    ),
    path(
        "<str:profile_id>/observations/<str:observation_id>/correct/",
        corrections.observation_correct,
        name="observation_correct",
    ),
    path(
        "<str:profile_id>/observations/<str:observation_id>/",
        observation.observation,
        name="observation",
    ),
    path("<str:profile_id>/summaries/", summaries.summaries, name="summaries"),
    path(
        "<str:profile_id>/summaries/<str:summary_id>/correct/",
        corrections.summary_correct,
        name="summary_correct",
    ),
    path(
        "<str:profile_id>/summaries/<str:summary_id>/",
        summaries.summary,
        name="summary",
    ),
    path(
        "<str:profile_id>/reveal/<str:kind>/<str:ref>/",
        reveal.reveal_value,
        name="reveal",
    ),
    path("<str:profile_id>/hide/<str:kind>/<str:ref>/", reveal.hide_value, name="hide"),
    path(
        "<str:profile_id>/masked/<str:kind>/<str:ref>/",
        reveal.masked_value,
        name="masked",
    ),
]
