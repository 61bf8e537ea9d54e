"""Every failure as the contract's TwilioError body. Contract section 5."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

from console.contract.base import URL_MAX
from console.contract.memory import error
from console.contract.memory.error import Code
from console.databases.disk import RETRY_AFTER_S, Outage, check_room, find_outage
from console.service import errors
from console.service.http.answers import answer, build_uri
from console.service.http.description.operation import operation
from console.service.http.request import View

logger = logging.getLogger(__name__)

_TITLES = {
    308: "The profile was merged into another, under whose id it goes on.",
    400: "The request does not fit the contract.",
    403: "Not allowed.",
    411: "The request's body has no Content-Length.",
    413: "The request's body is too large.",
    415: "The request's body is not JSON.",
    20001: "The request does not fit the contract.",
    20003: "The credentials are missing or wrong.",
    20004: "Method not allowed.",
    20404: "Not found.",
    20409: "In conflict with what exists already.",
    20412: "Changed since it was fetched.",
    20422: "The request's body is not JSON.",
    20429: "Too many requests; Retry-After says when to come back.",
    20500: "The memory failed; the request may be repeated.",
    20503: "The memory is busy; the request may be repeated.",
    Code.STORE_UNKNOWN: "Store not found in this account.",
    Code.IF_MATCH_STALE: "Changed since it was fetched.",
    Code.STORE_LIMIT: "The account has reached its limit of stores.",
    Code.STORE_NAME_TAKEN: "Store name already in use in this account.",
    Code.SCHEMA: "The request's body does not fit the contract.",
    Code.TRAIT_GROUP_UNKNOWN: "Trait group not found in this store.",
    Code.DATA_MAPPING_UNKNOWN: "Data mapping not found in this store.",
    Code.STORE_ID_MALFORMED: "Not a valid store id.",
    Code.PROTECTED: "Built in, cannot be changed or deleted.",
    Code.OPERATION_ID_MALFORMED: "Not a valid operation id.",
    Code.OPERATION_UNKNOWN: "Operation not found, or older than a week.",
    Code.TRAIT_GROUP_LIMIT: "The store has reached its limit of trait groups.",
    Code.TRAIT_LIMIT: "The trait group has reached its limit of traits.",
    Code.DATA_MAPPING_NAME_TAKEN: "Data mapping name already in use in this store.",
    Code.TRAIT_GROUP_NAME_TAKEN: "Trait group name already in use in this store.",
}


def answer_errors(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whatever goes wrong below becomes one JSON form, never a page."""

    def respond(request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
            _refuse_nul(request)
            _check_room(request)
            response = get_response(request)
            if canonical_id := getattr(request, "canonical_profile_id", ""):
                response.headers["Canonical-Profile-Id"] = canonical_id
            return response
        except errors.Moved as exc:
            return redirect_to_canonical(request, exc)
        except errors.ServiceError as exc:
            return refuse(request, exc)
        except Http404:
            return refuse(
                request,
                errors.NotFound(
                    "Not found: no such address; /v1/openapi.json has all."
                ),
            )
        except DisallowedHost:
            return refuse(request, errors.Invalid("Host: not served here"))
        except SuspiciousOperation:
            return refuse(request, errors.Invalid("Too many fields in the request."))
        except Outage as exc:
            return refuse(request, _get_failure(exc))
        except Exception as exc:
            logger.exception("The memory failed.")
            return refuse(request, _get_failure(exc))

    return respond


def _get_failure(error: Exception) -> errors.ServiceError:
    outage = find_outage(error)
    if outage is None:
        return errors.Failed("The memory failed; try again.")
    failure = errors.Unavailable(f"{outage.title}; try again later.")
    failure.headers["Retry-After"] = str(RETRY_AFTER_S)
    return failure


def _refuse_nul(request: HttpRequest) -> None:
    # PostgreSQL cannot even compare it, and no address of ours has one.
    if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise errors.Invalid("NUL characters are not allowed in an address.")


def _check_room(request: HttpRequest) -> None:
    """What is left of a full disk is not for new data. Raises DiskFull."""
    reads = request.method in {"GET", "HEAD"}
    if not (reads or request.path_info.endswith(("/Lookup", "/Recall"))):
        check_room()


def redirect_to_canonical(request: HttpRequest, moved: errors.Moved) -> HttpResponse:
    """301 for reads, 308 for everything else: the same call of the canonical profile.
    Contract 7."""
    path = request.get_full_path().replace(moved.profile_id, moved.canonical_id, 1)
    uri = request.build_absolute_uri(path)
    if len(uri) > URL_MAX:
        # A page token may be longer than the address of a redirect: from the beginning.
        uri = uri.partition("?")[0]
    status = 301 if request.method in {"GET", "HEAD"} else 308
    headers = {"Location": uri, "Canonical-Profile-Id": moved.canonical_id}
    return answer(
        error.Moved(message=moved.message, uri=uri), status=status, headers=headers
    )


def refuse(request: HttpRequest, refusal: errors.ServiceError) -> HttpResponse:
    """The body of section 5.1, with the headers that the refusal asks for."""
    code, more = refusal.code, {}
    noun: type[error.Error] = error.Error
    if request.path_info.startswith("/v2/"):
        noun, more = error.ConversationsError, _describe(refusal)
        code = noun.codes.get(refusal.status, code)
    body = noun(
        code=code,
        message=refusal.message[: error.ERROR_MESSAGE_MAX],
        more_info=_get_explanation(request, f"/v1/Errors/{code}"),
        status=refusal.status,
        **more,
    )
    return answer(body, status=refusal.status, headers=refusal.headers)


def _describe(refusal: errors.ServiceError) -> dict[str, Any]:
    conflict = refusal.headers.get(errors.CONFLICT_HEADER)
    return {
        "httpStatusCode": refusal.status,
        "userError": refusal.status < 500,
        "details": {"conflictingResourceId": conflict} if conflict else {},
    }


def _get_explanation(request: HttpRequest, path: str) -> str:
    try:
        return build_uri(request, path)
    except DisallowedHost:
        return path


@operation(
    "What an error code means.",
    {200: error.ErrorExplanation},
    id="explain",
    public=True,
)
def explain_error(request: HttpRequest, code: int) -> HttpResponse:
    """Where `more_info` leads."""
    if code not in _TITLES:
        raise errors.NotFound("Error code not found.")
    return answer(error.ErrorExplanation(code=code, title=_TITLES[code]))
