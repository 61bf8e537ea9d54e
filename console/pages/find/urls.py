from django.urls import path

from console.pages.find import palette, views

app_name = "find"
urlpatterns = [
    path("find/", views.find, name="find"),
    path("palette/", palette.palette, name="palette"),
]
