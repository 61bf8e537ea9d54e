"""Included at profiles/ of a tenant."""

from django.urls import path

from console.pages.customers import views

app_name = "customers"
urlpatterns = [
    path("", views.list_profiles, name="list"),
    path("<str:profile_id>/", views.profile, name="profile"),
    path(
        "<str:profile_id>/newest/",
        views.recent_observations,
        name="recent_observations",
    ),
    path("<str:profile_id>/identifiers/", views.identifiers, name="identifiers"),
]
