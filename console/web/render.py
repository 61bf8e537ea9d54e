"""Answering: a whole page to a browser, one part of it to htmx."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


def wants_part(request: HttpRequest) -> bool:
    """True when htmx will put the answer into a page that is already open."""
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    if htmx is None:  # refused before its middleware ran
        return False
    return bool(htmx) and not (htmx.boosted or htmx.history_restore_request)


def render_part(
    request: HttpRequest,
    *,
    page: str,
    part: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """`part` for htmx; `page` for browsers, boosted links and history restores."""
    template = part if wants_part(request) else page
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def go_to(request: HttpRequest, url_name: str, *args: Any) -> HttpResponse:
    """After a form was accepted: the whole window goes to another page."""
    if wants_part(request):
        return HttpResponseClientRedirect(reverse(url_name, args=args))
    return redirect(url_name, *args)
