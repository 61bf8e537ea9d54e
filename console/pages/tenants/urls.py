from django.urls import path

from console.pages.tenants import views

app_name = "tenants"
urlpatterns = [
    path("", views.list_tenants, name="list"),
    path("add/", views.add, name="add"),
    path("<slug:tenant>/connection/", views.connection, name="connection"),
    path("<slug:tenant>/token/", views.replace_token, name="token"),
]
