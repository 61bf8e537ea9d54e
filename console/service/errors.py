"""The service's own "no": HTTP status and error code of contract sections 5.2, 5.3."""

from console.core.errors import DomainError

CONFLICT_HEADER = "X-Conflicting-Resource-Id"


class ServiceError(DomainError):
    """Base; `code` is the contract's error code, `headers` go on the answer."""

    code = 400

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.headers: dict[str, str] = {}


class Invalid(ServiceError):
    status, code = 400, 400


class Moved(ServiceError):
    """The profile was merged into another, under whose id it goes on. Contract 7."""

    status, code = 308, 308

    def __init__(self, profile_id: str, canonical_id: str) -> None:
        super().__init__("This profile was merged into another.")
        self.profile_id, self.canonical_id = profile_id, canonical_id


class Unauthenticated(ServiceError):
    status, code = 401, 20003


class Forbidden(ServiceError):
    status, code = 403, 403


class NotFound(ServiceError):
    status, code = 404, 20404


class MethodNotAllowed(ServiceError):
    status, code = 405, 20004


class Conflict(ServiceError):
    """`resource_id`: what it is in conflict with. Conversations 5."""

    status, code = 409, 20409

    def __init__(
        self, message: str, *, code: int | None = None, resource_id: str = ""
    ) -> None:
        super().__init__(message, code=code)
        if resource_id:
            self.headers[CONFLICT_HEADER] = resource_id


class LengthRequired(ServiceError):
    status, code = 411, 411


class Stale(ServiceError):
    status, code = 412, 20412


class TooLarge(ServiceError):
    status, code = 413, 413


class UnsupportedMedia(ServiceError):
    status, code = 415, 415


class TooMany(ServiceError):
    status, code = 429, 20429


class Failed(ServiceError):
    status, code = 500, 20500


class Unavailable(ServiceError):
    status, code = 503, 20503
