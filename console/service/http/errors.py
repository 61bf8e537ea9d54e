"""What the codes of errors mean. Contract section 5."""

from django.http import HttpRequest, HttpResponse

from console.contract.knowledge.base import KnowledgeCode
from console.contract.memory import error
from console.contract.memory.error import Code
from console.service import errors
from console.service.http.answers import answer
from console.service.http.description.operation import operation

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
