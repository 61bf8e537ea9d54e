"""The address of the description."""

from django.http import HttpRequest, HttpResponse

from console.service.http.answers import answer


def describe(request: HttpRequest) -> HttpResponse:
    """The service in OpenAPI 3.1, read without credentials."""
    # Here: the document names every view, this one as well.
    from console.service.http.description.document import document

    return answer(document())
