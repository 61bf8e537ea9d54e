from django.urls import path

from console.pages.recall import views

app_name = "recall"
urlpatterns = [path("", views.run, name="run")]
