from django.urls import path

from console.profiles import views

app_name = "profiles"
urlpatterns = [
    path("", views.list_page, name="list"),
    path("<str:profile_id>/", views.profile, name="profile"),
    path("<str:profile_id>/traits/", views.traits, name="traits"),
    path("<str:profile_id>/identifiers/", views.identifiers, name="identifiers"),
    path("<str:profile_id>/observations/", views.observations, name="observations"),
    path(
        "<str:profile_id>/observations/<str:observation_id>/",
        views.observation,
        name="observation",
    ),
    path("<str:profile_id>/summaries/", views.summaries, name="summaries"),
    path(
        "<str:profile_id>/summaries/<str:summary_id>/",
        views.summary,
        name="summary",
    ),
]
