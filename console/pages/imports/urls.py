from django.urls import path

from console.pages.imports import views

app_name = "imports"
urlpatterns = [
    path("", views.list_imports, name="list"),
    path("add/", views.add, name="add"),
    path("columns/", views.columns, name="columns"),
    path("<str:import_id>/", views.detail, name="detail"),
    path("<str:import_id>/refusals.csv", views.refusals, name="refusals"),
]
