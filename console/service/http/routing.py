"""One address, one function a method."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from console.service import errors

View = Callable[..., HttpResponse]


def resource(**methods: View) -> View:
    """A view that calls the function named for the request's method, else 405.

    HEAD is answered as GET.
    """
    if "GET" in methods:
        methods["HEAD"] = methods["GET"]

    def view(request: HttpRequest, **path: Any) -> HttpResponse:
        answer = methods.get(request.method or "")
        if answer is None:
            allowed = ", ".join(sorted(methods))
            refusal = errors.MethodNotAllowed(
                f"Method not allowed: {request.method}, use {allowed}"
            )
            refusal.headers["Allow"] = allowed
            raise refusal
        return answer(request, **path)

    view.methods = methods  # type: ignore[attr-defined]  # For description/document.py.
    return view
