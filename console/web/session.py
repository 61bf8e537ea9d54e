"""A page that outlives its session: who it was made for, and its new token."""

import logging

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe

from console.web.request import ConsoleRequest
from console.web.session_store import note_ended

logger = logging.getLogger(__name__)
_DIGITS = 16


def get_person_key(user: AbstractBaseUser | AnonymousUser | None) -> str:
    """An opaque word for one person, the same in all of their sessions; "" for nobody.

    Pages carry it and send it back, so that what one person has open is never
    answered as if another had asked.
    """
    if user is None or not user.is_authenticated:
        return ""
    return salted_hmac("console.web.person", str(user.pk)).hexdigest()[:_DIGITS]


def end_session(request: HttpRequest) -> HttpResponse:
    """Signed out although it cannot be recorded: nobody is kept from leaving."""
    logger.error("A sign-out is missing in the audit log.")
    name = settings.SESSION_COOKIE_NAME
    note_ended(request.COOKIES.get(name))
    response = redirect(settings.ACCOUNT_LOGOUT_REDIRECT_URL)
    response.delete_cookie(name)
    return response


@require_safe
def session(request: ConsoleRequest) -> HttpResponse:
    """For a page from before sign-in: whose session it is now, and its CSRF token.

    Only our own pages can read it: other origins get no CORS header, and
    Cross-Origin-Resource-Policy keeps it from them.
    """
    return JsonResponse(
        {"person": get_person_key(request.user), "token": get_token(request)}
    )


@require_safe
def signed_in(request: ConsoleRequest) -> HttpResponse:
    """The page after sign-in in a second tab; the first tab goes on."""
    return render(request, "web/signed_in.html")
