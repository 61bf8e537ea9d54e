"""A page that outlives its session: who it was made for, and its new token."""

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_safe

from console.web.request import ConsoleRequest

_DIGITS = 16


def get_person_key(user: AbstractBaseUser | AnonymousUser | None) -> str:
    """An opaque word for one person, the same in all of their sessions; "" for nobody.

    Pages carry it and send it back, so that what one person has open is never
    answered as if another had asked.
    """
    if user is None or not user.is_authenticated:
        return ""
    return salted_hmac("console.web.person", str(user.pk)).hexdigest()[:_DIGITS]


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
