"""The service's own "no": HTTP status and error code of contract sections 5.2, 5.3."""

from console.contract.memory.error import BODY_BYTES
from console.core.errors import DomainError

CONFLICT_HEADER = "X-Conflicting-Resource-Id"


class ServiceError(DomainError):
    """Base; `code` is the contract's error code, `headers` go on the answer. `title` is
    what the description and the explanation of the code say."""

    code = 400

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.headers: dict[str, str] = {}


class Invalid(ServiceError, title="Invalid request: the message names the field."):
    status, code = 400, 400


class ProfileMoved(ServiceError):
    """The profile was merged into another, under whose id it goes on. Contract 7."""

    status, code = 308, 308
    title = "The profile was merged: repeat the request at Location."

    def __init__(self, profile_id: str, canonical_id: str) -> None:
        super().__init__("This profile was merged into another.")
        self.profile_id, self.canonical_id = profile_id, canonical_id


class Unauthenticated(ServiceError, title="Missing or wrong credentials."):
    status, code = 401, 20003


class Forbidden(ServiceError, title="Not allowed."):
    status, code = 403, 403


class NotFound(ServiceError, title="Not found in this account."):
    status, code = 404, 20404


class MethodNotAllowed(ServiceError, title="Method not allowed."):
    status, code = 405, 20004


class Conflict(ServiceError, title="Conflicts with existing data."):
    """`resource_id`: what it is in conflict with. Conversations 5."""

    status, code = 409, 20409

    def __init__(
        self, message: str, *, code: int | None = None, resource_id: str = ""
    ) -> None:
        super().__init__(message, code=code)
        if resource_id:
            self.headers[CONFLICT_HEADER] = resource_id


class LengthRequired(ServiceError, title="Content-Length is missing."):
    status, code = 411, 411


class Stale(ServiceError, title="Changed since the version in If-Match."):
    status, code = 412, 20412


class TooLarge(ServiceError):
    status, code = 413, 413
    title = f"The body is larger than {BODY_BYTES:,} bytes."


class UnsupportedMedia(ServiceError, title="The body is not application/json."):
    status, code = 415, 415


class TooMany(ServiceError):
    status, code = 429, 20429
    title = "Too many requests: retry after Retry-After seconds."


class Failed(ServiceError, title="Internal error."):
    status, code = 500, 20500


class Unavailable(ServiceError, title="The memory is busy: retry."):
    status, code = 503, 20503


# Those of the contract, without what products add to them.
REFUSALS = ServiceError.__subclasses__()
