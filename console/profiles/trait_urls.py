from django.urls import path

from console.profiles.views import trait_groups

app_name = "trait_groups"
urlpatterns = [
    path("", trait_groups.list_page, name="list"),
    path("<str:group>/", trait_groups.group_page, name="group"),
]
