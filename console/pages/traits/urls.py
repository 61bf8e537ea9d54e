"""Included at a tenant's root: the store's trait groups, and one profile's traits."""

from django.urls import path

from console.pages.traits import views

PROFILE = "profiles/<str:profile_id>/traits"

app_name = "traits"
urlpatterns = [
    path("traits/", views.groups_page, name="groups"),
    path("traits/<str:group>/", views.group_page, name="group"),
    path(f"{PROFILE}/", views.traits, name="profile"),
    path(f"{PROFILE}/<str:group>/<str:trait>/", views.trait, name="trait"),
    path(f"{PROFILE}/<str:group>/<str:trait>/correct/", views.correct, name="correct"),
]
