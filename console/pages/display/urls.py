from django.urls import path

from console.pages.display import views

app_name = "display"
urlpatterns = [path("desk/", views.display, name="display")]
