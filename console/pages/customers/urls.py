"""Included at profiles/ of a tenant."""

from django.urls import path

from console.pages.customers.views import card, identifiers, list

app_name = "customers"
urlpatterns = [
    path("", list.list_profiles, name="list"),
    path("<str:profile_id>/", card.profile, name="profile"),
    path(
        "<str:profile_id>/newest/",
        card.recent_observations,
        name="recent_observations",
    ),
    path("<str:profile_id>/identifiers/", identifiers.identifiers, name="identifiers"),
]
