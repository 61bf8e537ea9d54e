from django.urls import path

from console.profiles import find, palette

app_name = "find"
urlpatterns = [
    path("find/", find.find, name="find"),
    path("palette/", palette.palette, name="palette"),
]
