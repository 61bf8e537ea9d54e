"""Forms that stand in an address: no page of their own to show errors on."""

from typing import Any

from django import forms

from console.core.errors import DomainError


class BadAddress(DomainError):
    """A query string that the page cannot read."""

    status = 422
    title = "This address does not work"


def check_form(form: forms.Form) -> dict[str, Any]:
    """The form's clean values. Raises BadAddress, naming the fields."""
    if form.is_valid():
        return form.cleaned_data
    told = (
        f"{name}: {' '.join(str(error) for error in errors)}"
        for name, errors in form.errors.items()
    )
    raise BadAddress(f"{' '.join(told)} Nothing was asked of the memory.")
