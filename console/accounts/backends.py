"""Who may be signed in, asked again with each request.

Open sessions name the class by this path: moved, it would sign everybody out.
"""

from allauth.account.auth_backends import AuthenticationBackend

from console.accounts.models import User


class StaffBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth is untyped
    """A session ends with the next request of a person who is staff no more."""

    def user_can_authenticate(self, user: User) -> bool:
        return user.may_sign_in
