from django.urls import path

from console.pages.background import views

app_name = "background"
urlpatterns = [
    path("", views.list_tasks, name="list"),
    path("<uuid:task_id>/again/", views.run_again, name="run_again"),
]
