from django.urls import path

from console.pages.reference import views

app_name = "reference"
urlpatterns = [
    path("api/", views.start, name="start"),
    path("t/<slug:tenant>/api/", views.of_tenant, name="of_tenant"),
]
