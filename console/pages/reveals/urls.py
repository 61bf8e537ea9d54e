"""Included at a tenant's profiles/<profile_id>/."""

from django.urls import path

from console.pages.reveals import views

app_name = "reveals"
urlpatterns = [
    path("reveal/<str:kind>/<str:ref>/", views.reveal_value, name="reveal"),
    path("hide/<str:kind>/<str:ref>/", views.hide_value, name="hide"),
    path("masked/<str:kind>/<str:ref>/", views.masked_value, name="masked"),
]
