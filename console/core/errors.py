"""The one base of every "no" that a person or a program is told in words."""


class DomainError(Exception):
    """A refusal with words fit for the person who meets it.

    status   the HTTP status that says the same to a program
    title    a few words for the head of the page
    message  what happened, whether anything was changed, what to do
    """

    status = 400
    title = "That did not work"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
