"""Every failure as the contract's error, and what the codes mean. Contract section 5."""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.core.exceptions import DisallowedHost, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse

from console.contract.base import URL_MAX
from console.contract.knowledge.base import KnowledgeCode
from console.contract.memory import error
from console.contract.memory.error import Code
from console.databases.disk import RETRY_AFTER_S, Outage, find_outage
from console.service import errors
from console.service.http.answers import answer, build_uri
from console.service.http.description.operation import operation
from console.service.http.request import View

logger = logging.getLogger(__name__)

_TITLES: dict[int, str] = {
    each.code: each.title for each in (*errors.REFUSALS, *Code, *KnowledgeCode)
} | {20001: errors.Invalid.title, 20422: errors.UnsupportedMedia.title}


@operation(
    "GET",
    "v1/Errors/<int:code>",
    {200: error.ErrorExplanation},
    id="explain",
    public=True,
)
def explain_error(request: HttpRequest, code: int) -> HttpResponse:
    """What an error code means.

    Where `more_info` leads.
    """
    if code not in _TITLES:
        raise errors.NotFound("Error code not found.")
    return answer(error.ErrorExplanation(code=code, title=_TITLES[code]))


def answer_errors(get_response: View) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: whatever goes wrong below becomes one JSON form, never a page."""

    def respond(request: HttpRequest) -> HttpResponse:
        try:
            request.get_host()
            response = get_response(request)
            if canonical_id := getattr(request, "canonical_profile_id", ""):
                response.headers["Canonical-Profile-Id"] = canonical_id
            return response
        except errors.ProfileMoved as exc:
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


def redirect_to_canonical(
    request: HttpRequest, moved: errors.ProfileMoved
) -> HttpResponse:
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
    noun, more = error.get_refusal(request.path_info), dict[str, Any]()
    code = noun.get_code(refusal.status, refusal.code)
    if noun is error.ConversationsError:
        conflict = refusal.headers.get(errors.CONFLICT_HEADER)
        more = {
            "httpStatusCode": refusal.status,
            "userError": refusal.status < 500,
            "details": {"conflictingResourceId": conflict} if conflict else {},
        }
    more_info = f"/v1/Errors/{code}"
    with suppress(DisallowedHost):
        more_info = build_uri(request, more_info)
    body = noun(
        code=code,
        message=refusal.message[: error.ERROR_MESSAGE_MAX],
        more_info=more_info,
        status=refusal.status,
        **more,
    )
    return answer(body, status=refusal.status, headers=refusal.headers)
