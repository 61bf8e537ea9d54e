"""Every failure as the contract's TwilioError body. Contract section 5."""

import logging
from collections.abc import Callable

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse

from console.service import errors, limits
from console.service.http.answers import answer
from console.service.http.routing import View

logger = logging.getLogger(__name__)

_TITLES = {
    308: "The profile was merged into another, under whose id it goes on.",
    400: "The request does not fit the contract.",
    403: "This is not allowed to whoever asks.",
    411: "The request's body has to announce its length.",
    413: "The request's body is larger than the memory reads.",
    415: "The request's body is not JSON.",
    20003: "The credentials are missing or wrong.",
    20004: "This address does not speak that method.",
    20404: "There is no such thing here.",
    20409: "What exists already stands against this.",
    20412: "It was changed since you fetched it.",
    20429: "This account asks too often; Retry-After says when to come back.",
    20500: "The memory failed; the request may be repeated.",
    20503: "The memory is busy; the request may be repeated.",
    errors.STORE_UNKNOWN: "This account has no such store.",
    errors.IF_MATCH_STALE: "It was changed since you fetched it.",
    errors.STORE_LIMIT: "The account has as many stores as it may.",
    errors.STORE_NAME_TAKEN: "The account has a store of that name.",
    errors.SCHEMA: "The request's body does not fit the contract.",
    errors.TRAIT_GROUP_UNKNOWN: "The store has no such trait group.",
    errors.DATA_MAPPING_UNKNOWN: "The store has no such data mapping.",
    errors.STORE_ID_MALFORMED: "This is not the id of a store.",
    errors.PROTECTED: "This is built in and stays as it is.",
    errors.OPERATION_ID_MALFORMED: "This is not the id of an operation.",
    errors.OPERATION_UNKNOWN: "The operation is unknown, or older than a week.",
    errors.TRAIT_GROUP_LIMIT: "The store has as many trait groups as it may.",
    errors.TRAIT_LIMIT: "The trait group has as many traits as it may.",
    errors.DATA_MAPPING_NAME_TAKEN: "The store has a data mapping of that name.",
    errors.TRAIT_GROUP_NAME_TAKEN: "The store has a trait group of that name.",
}


def answer_errors(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whatever goes wrong below becomes one JSON form, never a page."""

    def respond(request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
            _refuse_nul(request)
            return _name_canonical(request, get_response(request))
        except errors.Moved as exc:
            return redirect_to_canonical(request, exc)
        except errors.ServiceError as exc:
            return refuse(request, exc)
        except Http404:
            return refuse(request, errors.NotFound("There is nothing at this address."))
        except DisallowedHost:
            return refuse(request, errors.Invalid("Host: is not served here."))
        except SuspiciousOperation:
            return refuse(request, errors.Invalid("The request holds too many fields."))
        except OperationalError:
            logger.warning("The memory's database refused a statement.", exc_info=True)
            return refuse(request, errors.Unavailable("The memory is busy; try again."))
        except Exception:
            logger.exception("The memory failed.")
            return refuse(request, errors.Failed("The memory failed; try again."))

    return respond


def _refuse_nul(request: HttpRequest) -> None:
    # PostgreSQL cannot even compare it, and no address of ours has one.
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise errors.Invalid("The address holds a NUL character.")


def _name_canonical(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    if canonical_id := getattr(request, "canonical_profile_id", ""):
        response.headers["Canonical-Profile-Id"] = canonical_id
    return response


def redirect_to_canonical(request: HttpRequest, moved: errors.Moved) -> HttpResponse:
    """301 for reads, 308 for everything else: the same call of the canonical profile.
    Contract 7."""
    path = request.get_full_path().replace(moved.profile_id, moved.canonical_id, 1)
    uri = request.build_absolute_uri(path)
    if len(uri) > limits.URL:
        # A page token may be longer than the address of a redirect: from the beginning.
        uri = uri.partition("?")[0]
    status = 301 if request.method in {"GET", "HEAD"} else 308
    headers = {"Location": uri, "Canonical-Profile-Id": moved.canonical_id}
    return answer(
        {"message": moved.message, "uri": uri}, status=status, headers=headers
    )


def refuse(request: HttpRequest, error: errors.ServiceError) -> HttpResponse:
    """The body of section 5.1, with the headers that the error asks for."""
    body = {
        "code": error.code,
        "message": error.message[: limits.ERROR_MESSAGE],
        "more_info": f"{_origin(request)}/v1/Errors/{error.code}",
        "status": error.status,
    }
    return answer(body, status=error.status, headers=error.headers)


def _origin(request: HttpRequest) -> str:
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return ""


def explain(request: HttpRequest, code: int) -> HttpResponse:
    """What an error code means: where `more_info` leads."""
    if code not in _TITLES:
        raise errors.NotFound("No such error code.")
    return answer({"code": code, "title": _TITLES[code]})
