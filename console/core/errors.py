"""The base of every refusal that a person or a program is told of."""

from typing import Any


class DomainError(Exception):
    """A refusal with a message fit for people. A class names what its refusals have in
    common: `class Busy(DomainError, status=409, title="It is in use"):`

    status   the HTTP status that says the same to a program
    title    a few words for the heading of the page
    message  what happened, whether anything was changed, what to do
    retry_after_s  when the same may succeed, if that is known
    """

    status = 400
    title = "The request failed"
    retry_after_s: float | None = None

    def __init_subclass__(cls, **facts: Any) -> None:
        super().__init_subclass__()
        for name, value in facts.items():
            setattr(cls, name, value)

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
