"""Included at a tenant's root: the store's trait groups, and one profile's traits."""

from django.urls import path

from console.pages.traits.views import trait_groups, traits

PROFILE = "profiles/<str:profile_id>/traits"

app_name = "traits"
urlpatterns = [
    path("traits/", trait_groups.groups_page, name="groups"),
    path("traits/<str:group>/", trait_groups.group_page, name="group"),
    path(f"{PROFILE}/", traits.traits, name="profile"),
    path(f"{PROFILE}/<str:group>/<str:trait>/", traits.trait, name="trait"),
    path(f"{PROFILE}/<str:group>/<str:trait>/correct/", traits.correct, name="correct"),
]
