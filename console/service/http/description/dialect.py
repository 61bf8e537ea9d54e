"""Operations as OpenAPI tells of them."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import msgspec
from django.http import HttpResponse

from console.service import limits
from console.service.http.description import types
from console.service.http.description.operation import Answer, Operation
from console.service.http.description.schemas import (
    Schema,
    Schemas,
    as_asked,
    as_read,
    as_shown,
)
from console.service.memory.api.profiles import IdType

# The contract's name and the type of what an address names, by urls.py's word for it.
PARAMETERS: dict[str, tuple[str, Any]] = {
    "code": ("code", Annotated[int, msgspec.Meta(ge=100, le=999_999)]),
    "store_id": ("storeId", types.StoreId),
    "operation_id": ("operationId", types.OperationId),
    "name": ("traitGroupName", types.TraitGroupName),
    "mapping_id": ("dataMappingId", types.DataMappingId),
    "profile_id": ("profileId", types.ProfileId),
    "id_type": ("idType", IdType),
    "import_id": ("importId", types.ImportId),
    "observation_id": ("observationId", types.ObservationId),
    "summary_id": ("summaryId", types.SummaryId),
}
_MEANINGS = {
    200: "Done, with the result.",
    201: "Made.",
    202: "Accepted.",
    301: "The profile was merged into the one at Location.",
    308: "The profile was merged: repeat the call at Location.",
    400: "The request does not fit this description, or the store's own definitions.",
    401: "The credentials are missing or wrong.",
    403: "This is not allowed to whoever asks.",
    404: "There is no such thing in this account.",
    409: "What exists already stands against this.",
    411: "The body has no Content-Length.",
    412: "It was changed since the version that If-Match names.",
    413: f"The body is larger than {limits.BODY_BYTES} bytes.",
    415: "The body is not application/json.",
    429: "Too many requests: repeat it after Retry-After seconds.",
    500: "The memory failed.",
    503: "The memory is busy: repeat the request.",
}
# Whatever is asked for; 401, 404 and 415 where they can be met.
_ALWAYS = (400, 411, 413, 429, 500, 503)
_REFUSAL = "#/components/responses/{}"


class Dialect:
    """Tells of operations, and keeps the schemas to which it refers; `prefix` is of
    their names: two dialects have structs of one name."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._asked = Schemas(f"{prefix}asked.", as_asked)
        self._read = Schemas(f"{prefix}read.", as_read)
        self._shown = Schemas(f"{prefix}shown.", as_shown)

    def refusals(self) -> dict[str, Schema]:
        """What is no success, by status; the same in every dialect."""
        moved = Answer(types.Moved, types.MOVED_HEADERS)
        answers = {301: moved, 308: moved} | {
            status: Answer(types.Error, types.ERROR_HEADERS.get(status, {}))
            for status in _MEANINGS
            if status >= 400
        }
        return {
            str(status): self._response(status, answers[status]) for status in answers
        }

    def schemas(self) -> dict[str, Schema]:
        schemas = (self._asked, self._read, self._shown)
        return {k: v for each in schemas for k, v in each.components.items()}

    def tell(
        self,
        view: Callable[..., HttpResponse],
        method: str,
        operation: Operation,
        words: Sequence[str],
    ) -> dict[str, Any]:
        """`words` are urls.py's for what the address names."""
        told = {
            "operationId": self._prefix + view.__name__,
            "summary": view.__name__.replace("_", " ").capitalize(),
            "tags": [view.__module__.rpartition(".")[2]],
            "parameters": self._parameters(operation, words),
            "responses": self._responses(operation, method, words),
        }
        if body := self._body(operation):
            told["requestBody"] = body
        if operation.public:
            told["security"] = []
        return told

    def _parameters(self, operation: Operation, words: Sequence[str]) -> list[Schema]:
        places = {
            "path": dict(PARAMETERS[word] for word in words),
            "query": operation.query,
            "header": operation.headers,
        }
        flags = {"path": {"required": True}, "query": {"allowEmptyValue": True}}
        return [
            {"name": name, "in": place, "schema": self._asked.of(kind)}
            | flags.get(place, {})
            for place, kinds in places.items()
            for name, kind in kinds.items()
        ]

    def _body(self, operation: Operation) -> Schema:
        if operation.file:
            return {"content": {operation.file: {}}, "required": True}
        if not operation.body:
            return {}
        forms = [self._read.of(form) for form in operation.forms]
        schema = {"anyOf": forms} if forms else self._read.of(operation.body)
        fields = msgspec.structs.fields(operation.body)
        return {
            "content": {"application/json": {"schema": schema}},
            # Nothing at all counts as an object without properties.
            "required": bool(forms) or any(field.required for field in fields),
        }

    def _responses(
        self, operation: Operation, method: str, words: Sequence[str]
    ) -> Schema:
        refusals = {*_ALWAYS, *operation.refusals}
        if operation.moved:
            refusals.add(operation.moved)
        if not operation.public:
            refusals.add(401)
        if words:
            refusals.add(404)
        # A deletion reads its body to see that there is none.
        if operation.body or method == "DELETE":
            refusals.add(415)
        answers = {
            str(status): self._response(status, answer)
            for status, answer in operation.answers.items()
        }
        return answers | {
            str(status): {"$ref": _REFUSAL.format(status)}
            for status in sorted(refusals)
        }

    def _response(self, status: int, answer: Answer) -> Schema:
        content = {"text/plain": {"schema": {"type": "string", "maxLength": 0}}}
        if answer.body:
            content = {"application/json": {"schema": self._shown.of(answer.body)}}
        return {
            "description": _MEANINGS[status],
            "content": content,
            "headers": {
                name: {"schema": self._shown.of(kind), "required": True}
                for name, kind in answer.headers.items()
            },
        }
