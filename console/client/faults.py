"""From a failed call to one error of ours, in words for the person who meets it."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from console.client.decode import decode_object
from console.client.errors import (
    MemoryBusy,
    MemoryConflict,
    MemoryDenied,
    MemoryNotFound,
    MemoryProblem,
    MemoryRefused,
    MemoryUnexpected,
    MemoryUnreachable,
)

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


def outcome(*, maybe_done: bool) -> str:
    return MAYBE_DONE if maybe_done else NOTHING_DONE


def unexpected(what: str, *, maybe_done: bool) -> MemoryUnexpected:
    return MemoryUnexpected(
        f"{what} {outcome(maybe_done=maybe_done)}", maybe_done=maybe_done
    )


def misfit(place: str, *, maybe_done: bool) -> MemoryUnexpected:
    """An answer that is not the contract's; `place` is where, such as `.meta`."""
    return unexpected(
        f"The memory's answer is not as its contract says, at “${place}”.",
        maybe_done=maybe_done,
    )


def of_transport(error: httpx.TransportError, *, reads: bool) -> MemoryUnreachable:
    """No whole answer came. Only a call that was sent can have been done."""
    sent = not isinstance(error, _NEVER_SENT)
    maybe_done = sent and not reads
    problem = MemoryUnreachable(
        f"{_what_broke(error, sent=sent)} {outcome(maybe_done=maybe_done)}",
        maybe_done=maybe_done,
    )
    # A call that hung is not repeated: it has already cost the person seconds.
    hung = isinstance(error, httpx.TimeoutException)
    problem.may_repeat = not (hung and sent) and not maybe_done
    return problem


def of_status(
    status: int, headers: httpx.Headers, body: bytes, *, reads: bool
) -> MemoryProblem:
    """A status of 400 or more. Contract 5.2."""
    if status in {429, 503}:
        return _busy(status, headers, body)
    if status >= 500:
        problem = MemoryUnreachable(
            f"The memory failed while it answered ({status}). "
            f"{outcome(maybe_done=not reads)}",
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
        retry_after_s=wait_s,
    )
    problem.may_repeat = True
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
        _in_one_line(message) if isinstance(message, str) else "",
    )


def _in_one_line(text: str) -> str:
    return "".join(filter(str.isprintable, " ".join(text.split())))[:300]
