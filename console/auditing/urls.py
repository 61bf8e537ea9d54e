from django.urls import path

from console.auditing import views

app_name = "auditing"
urlpatterns = [
    path("", views.list_entries, name="list"),
    path("<int:seq>/", views.entry, name="entry"),
]
