"""What can go wrong between the console and a memory: one small tree, and how a failed
call becomes one of its errors, in words for the person who meets it.

MemoryProblem
├── MemoryUnreachable    no usable answer came; `maybe_done` says if a write may have landed
│   ├── MemoryUnexpected an answer came that is not the contract's
│   └── MemorySuspended  nothing was sent, because earlier calls hang or failed
└── MemoryRefused        the memory answered no, with its own code and words
    ├── MemoryDenied     401 and 403: the credentials do not open this store
    ├── MemoryNotFound   404
    │   └── MemoryLacks  the API that it speaks has no such thing: nothing was sent
    ├── MemoryConflict   409 and 412
    ├── MemoryBusy       429 and 503; `retry_after_s` when the memory named one
    └── MemoryMoved      308 on a deletion: the profile was merged, look again
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from console.client.decode import decode_object
from console.core.errors import DomainError
from console.core.outgoing import PrivateAddress


class MemoryProblem(DomainError, status=502, title="The memory did not answer"):
    """Base of everything a call of a memory can raise.

    may_repeat  the very same call can be sent again and cannot be done twice
    """

    may_repeat = False


class MemoryUnreachable(MemoryProblem):
    """No usable answer. After a write with `maybe_done` the outcome is unknown."""

    def __init__(self, message: str, *, maybe_done: bool = False) -> None:
        super().__init__(message)
        self.maybe_done = maybe_done


class MemorySlow(MemoryUnreachable):
    """Sent, and not answered in time."""


class MemoryUnexpected(MemoryUnreachable, title="The memory gave an unexpected answer"):
    """The memory answered something that its contract does not know."""


class MemorySuspended(MemoryUnreachable):
    """Not called: waiting for a memory that hangs would hold up everybody else."""

    status = 503
    title = "This tenant's memory does not answer"

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(f"{message} Nothing was sent.")
        self.retry_after_s = retry_after_s


class MemoryRefused(MemoryProblem, status=422, title="The memory refused this"):
    """The memory said no. `code` is the contract's error code (section 5).

    Its own words (`said`) can name a customer: they are for the person who asked,
    in `message`, and stay out of the exception's text, which logs may hold.
    """

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


class MemoryNotFound(MemoryRefused, status=404, title="Not in this memory"):
    def __init__(self, message: str, *, said: str = "", **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        if said:  # the title says the rest
            self.message = f"{said.rstrip('.')}. Nothing was changed."


class MemoryLacks(MemoryNotFound, title="Not in this memory's older API"):
    """What the tenant's dialect does not have. `what`: in the plural, or a count."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"This memory's older API, /v1/Services, has no {what}. Nothing was changed.",
            code=404,
            http_status=404,
        )
        self.what = what


class MemoryConflict(MemoryRefused, status=409, title="Changed meanwhile"):
    pass


class MemoryBusy(MemoryRefused, status=503, title="The memory is busy"):
    pass


class MemoryMoved(MemoryRefused, status=409, title="This profile was merged"):
    """The profile was merged into `canonical_id`; nothing was deleted."""

    def __init__(self, message: str, *, canonical_id: str) -> None:
        super().__init__(message, code=308, http_status=308)
        self.canonical_id = canonical_id


NOTHING_DONE = "Nothing was changed; try again in a moment."
MAYBE_DONE = "It is not known whether it was done: look before you do it again."

_REFUSALS: dict[int, tuple[type[MemoryRefused], str]] = {
    401: (MemoryDenied, "The memory does not know the tenant's credentials."),
    403: (MemoryDenied, "The tenant's credentials do not allow this."),
    404: (MemoryNotFound, "The memory does not hold this."),
    409: (MemoryConflict, "Something else in the memory stands against this."),
    412: (MemoryConflict, "It was changed by somebody else meanwhile."),
}
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def get_outcome(*, maybe_done: bool) -> str:
    return MAYBE_DONE if maybe_done else NOTHING_DONE


def build_unexpected(what: str, *, maybe_done: bool) -> MemoryUnexpected:
    return MemoryUnexpected(
        f"{what} {get_outcome(maybe_done=maybe_done)}", maybe_done=maybe_done
    )


def build_misfit(place: str, *, maybe_done: bool) -> MemoryUnexpected:
    """An answer that is not the contract's; `place` is where, such as `.meta`."""
    return build_unexpected(
        f"The memory's answer is not as its contract says, at “${place}”.",
        maybe_done=maybe_done,
    )


def from_transport(error: httpx.TransportError, *, reads: bool) -> MemoryUnreachable:
    """No whole answer came. Only a call that was sent can have been done."""
    if isinstance(error, PrivateAddress):
        return MemoryUnreachable(
            "The memory's address leads into a private network, where this console "
            "does not call. Nothing was changed; an operator has to correct the "
            "tenant's address."
        )
    sent = not isinstance(error, _NEVER_SENT)
    maybe_done = sent and not reads
    # A call that hung is not repeated: it has already cost the person seconds.
    hung = sent and isinstance(error, httpx.TimeoutException)
    problem = (MemorySlow if hung else MemoryUnreachable)(
        f"{_what_broke(error, sent=sent)} {get_outcome(maybe_done=maybe_done)}",
        maybe_done=maybe_done,
    )
    problem.may_repeat = not hung and not maybe_done
    return problem


def from_status(
    status: int, headers: httpx.Headers, body: bytes, *, reads: bool
) -> MemoryProblem:
    """A status of 400 or more. Contract 5.2."""
    if status in {429, 503}:
        return _busy(status, headers, body)
    if status >= 500:
        problem = MemoryUnreachable(
            f"The memory failed while it answered ({status}). "
            f"{get_outcome(maybe_done=not reads)}",
            maybe_done=not reads,
        )
        problem.may_repeat = reads and status in {502, 504}
        return problem
    kind, what = _REFUSALS.get(
        status, (MemoryRefused, f"The memory refused this ({status}).")
    )
    code, said = _own_words(status, body)
    return kind(
        f"{what} Nothing was changed.", code=code, http_status=status, said=said
    )


def _what_broke(error: httpx.TransportError, *, sent: bool) -> str:
    if not sent:
        return "The memory cannot be reached."
    if isinstance(error, httpx.TimeoutException):
        return "The memory took too long to answer."
    return "The memory's answer broke off."


def _busy(status: int, headers: httpx.Headers, body: bytes) -> MemoryBusy:
    code, said = _own_words(status, body)
    wait_s = retry_after_s(headers.get("Retry-After", ""))
    when = f"in {wait_s:.0f} seconds" if wait_s else "in a moment"
    problem = MemoryBusy(
        f"The memory has too much to do. Nothing was changed; try again {when}.",
        code=code,
        http_status=status,
        said=said,
    )
    problem.retry_after_s, problem.may_repeat = wait_s, True
    return problem


def retry_after_s(text: str) -> float | None:
    """Seconds from digits or an HTTP date; None for what is neither or has passed."""
    if re.fullmatch("[0-9]{1,8}", text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    wait_s = (moment - datetime.now(UTC)).total_seconds()
    return wait_s if wait_s > 0 else None


def _own_words(status: int, body: bytes) -> tuple[int, str]:
    """The contract's code and message (5.1), as far as the body holds them."""
    try:
        answer = decode_object(body)
    except ValueError:
        return status, ""
    code, message = answer.get("code"), answer.get("message")
    return (
        code if isinstance(code, int) else status,
        "".join(filter(str.isprintable, " ".join(message.split())))[:300]
        if isinstance(message, str)
        else "",
    )
