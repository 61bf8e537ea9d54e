"""Included at a tenant's root: what is deleted keeps its own address."""

from django.urls import path

from console.pages.deletions import views

app_name = "deletions"
urlpatterns = [
    path("profiles/<str:profile_id>/delete/", views.delete_profile, name="profile"),
    path(
        "profiles/<str:profile_id>/observations/<str:observation_id>/delete/",
        views.delete_observation,
        name="observation",
    ),
    path(
        "profiles/<str:profile_id>/summaries/<str:summary_id>/delete/",
        views.delete_summary,
        name="summary",
    ),
    path("deletions/", views.list_deletions, name="list"),
    path("deletions/<uuid:deletion_id>/", views.show_deletion, name="deletion"),
    path("deletions/<uuid:deletion_id>/settle/", views.check_again, name="check_again"),
]
