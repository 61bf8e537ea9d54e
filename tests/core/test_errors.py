from console.core.errors import DomainError


class TooLate(DomainError):
    status = 409
    title = "Too late"


def test_domain_error_has_a_message_and_a_status():
    refusal = TooLate("It was gone; nothing was changed.")

    assert str(refusal) == refusal.message == "It was gone; nothing was changed."
    assert (refusal.status, refusal.title) == (409, "Too late")
    assert DomainError("x").status == 400
