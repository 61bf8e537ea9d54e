"""Every address of the service: its own, and those of its products."""

from django.urls import path

from console.service.conversations.api import urls as conversations
from console.service.http.description.document import describe_api
from console.service.http.errors import explain_error
from console.service.http.request import resource
from console.service.memory.api import urls as memory

urlpatterns = [
    path("v1/Errors/<int:code>", resource(GET=explain_error)),
    path("v1/openapi.json", resource(GET=describe_api)),
    *memory.urlpatterns,
    *conversations.urlpatterns,
]
