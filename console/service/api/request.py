from django.http import HttpRequest

from console.service.models import Account


class ApiRequest(HttpRequest):
    """A request whose caller is known."""

    account: Account
