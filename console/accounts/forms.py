"""allauth's forms that take a password or a code, with our limits on guessing.

Its sign-in form and the one that asks for the password again go through the adapter.
"""

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm

from console.accounts.limits import Try
from console.accounts.models import User


def count_try(what: str, user: User) -> Try:
    """Raises ValidationError."""
    tried: Try = get_adapter().count_try(context.request, what, user.email)
    return tried


class LimitedPasswordForm(ChangePasswordForm):  # type: ignore[misc]  # allauth is untyped
    def clean_oldpassword(self) -> str:
        tried = count_try("password", self.user)
        password: str = super().clean_oldpassword()
        tried.give_back()
        return password


class LimitedCode:
    user: User

    def clean_code(self) -> str:
        tried = count_try("code", self.user)
        code: str = super().clean_code()  # type: ignore[misc]  # of the form beside it
        tried.give_back()
        return code


class SignInCodeForm(LimitedCode, AuthenticateForm):  # type: ignore[misc]
    pass


class AgainCodeForm(LimitedCode, ReauthenticateForm):  # type: ignore[misc]
    pass
