from django.urls import path

from console.pages.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.list_entries, name="list"),
    path("<int:seq>/", views.entry, name="entry"),
]
