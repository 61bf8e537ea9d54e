"""allauth's forms that take a password or a code, with our limits on guessing.

Its sign-in form and the one that asks for the password again go through the adapter.
"""

import struct
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError

from console.accounts.limits import Try
from console.accounts.models import User

NAME_MAX = 80
NOT_ACCEPTED = "This passkey was not accepted. Try again, or sign in another way."
# What allauth's and fido2's readers raise for what no browser sends.
MALFORMED = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    struct.error,
)


def build_name(*, required: bool) -> forms.CharField:
    return forms.CharField(
        max_length=NAME_MAX,
        required=required,
        help_text="So that you can tell it from others.",
    )


def count_try(what: str, user: User) -> Try:
    """Raises ValidationError."""
    tried: Try = get_adapter().count_try(context.request, what, user.email)
    return tried


class LimitedPasswordForm(ChangePasswordForm):  # type: ignore[misc]  # allauth is untyped
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.label = str(field.label).capitalize()

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


class PasskeyAnswer:
    """What a browser sends of a passkey: whatever it holds, it is right or it is not."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # of the form beside it
        except (ValidationError, *MALFORMED) as exc:
            raise ValidationError(NOT_ACCEPTED) from exc


class PasskeyForm(PasskeyAnswer, LoginWebAuthnForm):  # type: ignore[misc]
    pass


class SecondPasskeyForm(PasskeyAnswer, AuthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AgainPasskeyForm(PasskeyAnswer, ReauthenticateWebAuthnForm):  # type: ignore[misc]
    pass


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    # The device has the passkey already: without a name it gets one.
    name = build_name(required=False)
    passwordless = forms.BooleanField(
        label="Sign in with it alone",
        required=False,
        initial=True,
        help_text="Without the password: the device then asks for a finger, face or PIN.",
    )

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except (ValidationError, *MALFORMED) as exc:
            raise ValidationError(NOT_ACCEPTED) from exc
        return cleaned


class RenamePasskeyForm(EditWebAuthnForm):  # type: ignore[misc]
    name = build_name(required=True)
