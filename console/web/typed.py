"""What was typed about a customer waits in the person's session; addresses name it.

An address is logged, bookmarked and passed on; "her sister in Leeds" must not be. So a
form posts such a text, is answered by a redirect to `?typed=x3Fk…`, and that address can
be reloaded, returned to and linked from by this person until they sign out.
"""

from collections.abc import Mapping
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import salted_hmac

from console.tenants.vault import CredentialTampered, VaultLocked, decrypt, encrypt
from console.web.forms import InvalidQuery
from console.web.render import get_tenant_slug
from console.web.request import ConsoleRequest

# The parameter of an address that names a kept text.
TYPED = "typed"
_SESSION_KEY = "typed"
# The last ones; each can have a kilobyte.
KEPT_MAX = 20
_KEY_DIGITS = 16
_NOT_KEPT = {TYPED, "csrfmiddlewaretoken"}


class TypedForgotten(InvalidQuery):
    """An address names a text that is not kept in this session."""

    title = "These words are not kept"


def keep_typed(request: ConsoleRequest, text: str) -> str:
    """What stands for `text` in an address of this session; "" for no text.

    Encrypted: a session is stored, and a customer can be erased meanwhile.
    """
    if not text:
        return ""
    # The same text gets the same key, so that going back and forth fills no session.
    key = salted_hmac(":".join(_get_context(request)), text).hexdigest()[:_KEY_DIGITS]
    kept = dict(request.session.get(_SESSION_KEY, {}))
    kept.pop(key, None)
    kept[key] = encrypt(text, context=_get_context(request))
    request.session[_SESSION_KEY] = dict(list(kept.items())[-KEPT_MAX:])
    return key


def read_typed(request: ConsoleRequest) -> str:
    """The text that this address names; "" when it names none. Raises TypedForgotten."""
    key = request.GET.get(TYPED, "")
    if not key:
        return ""
    try:
        blob = request.session.get(_SESSION_KEY, {})[key]
        return decrypt(blob, context=_get_context(request))
    # Somebody else's, an old one, or from before the vault's keys were changed.
    except (KeyError, VaultLocked, CredentialTampered) as exc:
        raise TypedForgotten(
            "The words of this address are kept only for the person who typed them, "
            "until they sign out. Type them again."
        ) from exc


def move_typed(request: ConsoleRequest, name: str) -> HttpResponse | None:
    """Where to go on, when this request itself brings the text of the field `name`."""
    sent = request.POST if request.method == "POST" else request.GET
    if request.method != "POST" and not sent.get(name):
        return None
    query = {each: str(value) for each, value in sent.items() if each not in _NOT_KEPT}
    return redirect(build_typed_url(request, query.pop(name, ""), query))


def build_typed_url(
    request: ConsoleRequest, text: str, query: Mapping[str, str]
) -> str:
    """This address with `query` and, in place of `text`, what stands for it."""
    query = {**query, TYPED: keep_typed(request, text)}
    given = urlencode({name: value for name, value in query.items() if value})
    return f"{request.path}?{given}"


def drop_typed(request: ConsoleRequest) -> str:
    """This address without a text."""
    query = {name: str(value) for name, value in request.GET.items() if name != TYPED}
    return build_typed_url(request, "", query)


def _get_context(request: ConsoleRequest) -> tuple[str, ...]:
    # The tenant's too: words typed about one's customers are nothing for another's pages.
    return "web.typed", str(request.user.pk), get_tenant_slug(request.path)
