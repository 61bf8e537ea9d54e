from django.urls import path

from console.profiles import find

app_name = "find"
urlpatterns = [path("", find.find, name="find")]
