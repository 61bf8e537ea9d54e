from django.urls import path

from console.styleguide import views

app_name = "styleguide"
urlpatterns = [path("", views.styleguide, name="styleguide")]
