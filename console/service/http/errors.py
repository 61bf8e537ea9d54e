"""What the codes of errors mean. Contract section 5."""

from django.http import HttpRequest, HttpResponse

from console.contract.knowledge.base import KnowledgeCode
from console.contract.memory import error
from console.contract.memory.error import Code
from console.service import errors
from console.service.http.answers import answer
from console.service.http.description.operation import operation

_TITLES: dict[int, str] = {
    refusal.code: refusal.title for refusal in errors.REFUSALS
} | {
    20001: errors.Invalid.title,
    20422: errors.UnsupportedMedia.title,
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
    KnowledgeCode.SOURCE_UNKNOWN: "Knowledge source not found in this base.",
    KnowledgeCode.BASE_UNKNOWN: "Knowledge base not found in this account.",
    KnowledgeCode.INVALID: "The request does not fit the contract, or a limit.",
    KnowledgeCode.BASE_ID_MALFORMED: "Not a valid knowledge base id.",
}


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
