"""Forms that stand in an address: no page of their own to show errors on."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from console.core.errors import DomainError
from console.core.unicode import is_hidden, name_of


class BadAddress(DomainError):
    """A query string that the page cannot read."""

    status = 422
    title = "This address does not work"


class PageForm(forms.Form):
    """page  the memory's own token, opaque to us"""

    page = forms.CharField(required=False, max_length=4096)


def check_form(form: forms.Form) -> dict[str, Any]:
    """The form's clean values. Raises BadAddress, naming the fields."""
    if form.is_valid():
        return form.cleaned_data
    told = (
        f"{name}: {' '.join(str(error) for error in errors)}"
        for name, errors in form.errors.items()
    )
    raise BadAddress(f"{' '.join(told)} Nothing was asked of the memory.")


def check_plain(text: str) -> None:
    """A form field's validator: one line that shows everything it holds."""
    for position, char in enumerate(text):
        if char in "\t\n\r" or is_hidden(text, position):
            raise ValidationError(
                f"Character {position + 1} cannot be seen ({name_of(char)}): remove it."
            )
