from django.urls import path

from console.recall import views

app_name = "recall"
urlpatterns = [path("", views.run, name="run")]
