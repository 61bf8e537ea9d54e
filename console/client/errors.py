"""What can go wrong between the console and a memory: one small tree.

MemoryProblem
├── MemoryUnreachable    no usable answer came; `maybe_done` says if a write may have landed
│   └── MemoryUnexpected an answer came that is not the contract's
└── MemoryRefused        the memory answered no, with its own code and words
    ├── MemoryDenied     401 and 403: the credentials do not open this store
    ├── MemoryNotFound   404
    ├── MemoryConflict   409 and 412
    ├── MemoryBusy       429 and 503; `retry_after_s` when the memory named one
    └── MemoryMoved      308 on a deletion: the profile was merged, look again
"""

from console.core.errors import DomainError


class MemoryProblem(DomainError):
    """Base of everything a call of a memory can raise.

    may_repeat     the very same call can be sent again and cannot be done twice
    retry_after_s  when, if the memory named a time
    """

    status = 502
    title = "The memory did not answer"
    may_repeat = False
    retry_after_s: float | None = None


class MemoryUnreachable(MemoryProblem):
    """No usable answer. After a write with `maybe_done` the outcome is unknown."""

    def __init__(self, message: str, *, maybe_done: bool = False) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class MemoryUnexpected(MemoryUnreachable):
    """The memory answered something that its contract does not know."""

    title = "The memory gave an unexpected answer"


class MemoryRefused(MemoryProblem):
    """The memory said no. `code` is the contract's error code (section 5).

    Its own words (`said`) can name a customer: they are for the person who asked,
    in `message`, and stay out of the exception's text, which logs may hold.
    """

    status = 422
    title = "The memory refused this"

    def __init__(
        self, message: str, *, code: int, http_status: int, said: str = ""
    ) -> None:
        super().__init__(message)
        if said:
            self.message = f"{message} The memory says: {said}"
        self.code = code
        self.http_status = http_status


class MemoryDenied(MemoryRefused):
    status = 502
    title = "The memory does not accept this tenant's credentials"


class MemoryNotFound(MemoryRefused):
    status = 404
    title = "Not in this memory"


class MemoryConflict(MemoryRefused):
    status = 409
    title = "Changed meanwhile"


class MemoryBusy(MemoryRefused):
    status = 503
    title = "The memory is busy"

    def __init__(
        self,
        message: str,
        *,
        code: int,
        http_status: int,
        said: str = "",
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, code=code, http_status=http_status, said=said)
        self.retry_after_s = retry_after_s


class MemoryMoved(MemoryRefused):
    """The profile was merged into `canonical_id`; nothing was deleted."""

    status = 409
    title = "This profile was merged"

    def __init__(self, message: str, *, canonical_id: str) -> None:
        super().__init__(message, code=308, http_status=308)
        self.canonical_id = canonical_id
