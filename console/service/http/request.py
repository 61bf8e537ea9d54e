from django.http import HttpRequest

from console.service.models import Account

URLCONF = "console.service.urls"


class ApiRequest(HttpRequest):
    """A request whose caller is known."""

    account: Account
    # Set where a merged profile was asked for and its canonical one answers.
    canonical_profile_id: str
