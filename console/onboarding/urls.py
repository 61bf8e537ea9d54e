from django.urls import path

from console.onboarding import views

app_name = "onboarding"
urlpatterns = [
    path("", views.list_tenants, name="list"),
    path("add/", views.add, name="add"),
    path("<slug:tenant>/connection/", views.connection, name="connection"),
]
