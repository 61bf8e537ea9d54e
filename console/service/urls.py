"""Every address of the service: its own, and those of its products."""

from console.service.conversations.api import urls as conversations
from console.service.http.description.document import describe_api
from console.service.http.errors import explain_error
from console.service.http.request import address
from console.service.memory.api import urls as memory

urlpatterns = [
    address("v1/Errors/<int:code>", GET=explain_error),
    address("v1/openapi.json", GET=describe_api),
    *memory.urlpatterns,
    *conversations.urlpatterns,
]
