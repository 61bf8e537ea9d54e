"""What pages keep of customers' data for a few minutes, and how it goes."""

from contextlib import suppress

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.utils.connection import ConnectionProxy

from console.accounts.adapter import NEXT_URL_KEY
from console.web.session import SessionStore

derived = ConnectionProxy(caches, "derived")


def forget() -> None:
    """Empty the cache, and the sessions of what strangers asked for before signing in:
    a softphone's link names a customer."""
    derived.clear()
    SessionStore.clear_expired()
    for row in Session.objects.all():
        if NEXT_URL_KEY in row.get_decoded():
            session = SessionStore(row.session_key)
            session.pop(NEXT_URL_KEY, None)
            # Gone: that person has just signed in.
            with suppress(UpdateError):
                session.save()
