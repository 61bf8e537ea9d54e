"""The reference of the Memory API, with the ids of the reader's own store in it, and with
examples written from the description: what the page shows runs as it stands."""

import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from console.client.account import AccountClient, connect
from console.client.errors import MemoryRefused
from console.pages.reference.endpoints import Endpoint, EndpointReader
from console.pages.reference.openapi import decode_openapi
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_account
from console.web.access import allow
from console.web.render import ConsoleRequest

# The memory of this installation, as opposed to one at a URL.
EMBEDDED = ("", "embedded:")
# What stands for a memory's address and its store until they are known.
ANY_BASE, ANY_STORE = "https://memory.invalid", "mem_store_7zzzzzzzzzzzzzzzzzzzzzzzzz"


@require_safe
def start(request: ConsoleRequest) -> HttpResponse:
    """To the person's one tenant; for others the store's id is left to them."""
    tenants = Tenant.objects.visible_to(request.user)[:2]
    if len(tenants) == 1:
        return redirect("reference:of_tenant", tenants[0].slug)
    return _show(request, None)


@allow(Permission.OPEN_TENANT, logs="none: the API's description")
def of_tenant(request: ConsoleRequest) -> HttpResponse:
    """What the tenant's memory describes, with their store's id in the examples."""
    return _show(request, request.tenant)


def _show(request: ConsoleRequest, tenant: Tenant | None) -> HttpResponse:
    here = request.build_absolute_uri(reverse("home")).rstrip("/")
    site = get_site(tenant, here=here)
    document, missing = b"", ""
    try:
        document = msgspec.json.encode(open_memory(tenant).fetch_description())
    except MemoryRefused as refused:
        missing = refused.title
    text = render_reference(document, missing, bool(site.known))
    text = text.replace(ANY_BASE, escape(site.base))
    text = text.replace(ANY_STORE, escape(site.known.get("storeId", "")))
    context = {
        "site": site,
        "is_here": site.base == here,
        "reference": mark_safe(text),  # noqa: S308  # rendered; what is put in is escaped
    }
    return render(request, "reference/api.html", context)


@lru_cache(8)
def render_reference(document: bytes, missing: str, has_store: bool) -> str:
    """All that a description says, or why there is none: 300 ms, and the same for every
    memory but for its address and store. Raises MemoryUnexpected."""
    site = Site(ANY_BASE, {"storeId": ANY_STORE} if has_store else {})
    context: dict[str, Any] = {
        "base": ANY_BASE,
        "missing": missing,
        "languages": LANGUAGES,
        "installs": set_up(site),
    }
    if document:
        openapi = decode_openapi(msgspec.json.decode(document))
        reader = EndpointReader(openapi)
        context |= {
            "chapters": [
                (section, [_build_entry(each, site) for each in section.endpoints])
                for section in reader.read_sections()
            ],
            "help": openapi.info.description,
            "common": reader.common,
        }
    return render_to_string("reference/_reference.html", context)


@dataclass(frozen=True, slots=True)
class Site:
    """A memory's address, and the ids that are known there.

    base   scheme, host and port, without a slash at the end
    known  ids by the name of their place in paths; an example reads every other one
           from the environment, as it reads the credentials
    """

    base: str
    known: dict[str, str] = field(default_factory=dict)

    def given(self, endpoint: Endpoint) -> dict[str, str]:
        """The values that stand in the example itself, by place."""
        known = endpoint.literals | self.known
        return {name: known[name] for name in endpoint.places if name in known}


@dataclass(frozen=True, slots=True)
class Example:
    """One operation in one language: how to get a client, and the call itself."""

    language: str
    label: str
    lead: str
    call: str


# An endpoint, how it is called, and a sample of its answer.
Entry = tuple[Endpoint, list[Example], str]


def get_site(tenant: Tenant | None, *, here: str) -> Site:
    """Where the tenant's memory answers; `here` is this installation's own address."""
    address = (tenant.address if tenant else "") or settings.MEMORY_URL
    base = here if address in EMBEDDED else address
    return Site(base.rstrip("/"), {"storeId": tenant.store_id} if tenant else {})


def open_memory(tenant: Tenant | None) -> AccountClient:
    """Without a tenant the default memory: its description needs no credentials."""
    if tenant:
        return open_account(tenant)
    return connect(settings.MEMORY_URL, username="", secret="")


def _build_entry(endpoint: Endpoint, site: Site) -> Entry:
    answer = "" if endpoint.answer is None else to_json(endpoint.answer, before="")
    return endpoint, list_examples(endpoint, site), answer


def variable(place: str) -> str:
    """The environment variable of a place: storeId is STORE_ID."""
    return snake(place).upper()


LANGUAGES = (("curl", "curl"), ("python", "Python"), ("node", "Node"))


def list_examples(endpoint: Endpoint, site: Site) -> list[Example]:
    """One for each language, in their order."""
    return [_write(endpoint, site, *language) for language in LANGUAGES]


def set_up(site: Site) -> list[tuple[str, str]]:
    """(language, commands of a shell) that come before any example."""
    variables = ["export ACCOUNT_SID=AC…", "read -rs AUTH_TOKEN && export AUTH_TOKEN"]
    if "storeId" not in site.known:
        variables.append("export STORE_ID=mem_store_…")
    installs = {"python": ["pip install twilio"], "node": ["npm install twilio"]}
    return [
        (language, "\n".join([*installs.get(language, []), *variables]))
        for language, _ in LANGUAGES
    ]


def _write(endpoint: Endpoint, site: Site, language: str, label: str) -> Example:
    """templates/reference/examples has what stands around these."""
    is_python, given = language == "python", site.given(endpoint)
    rename, write = (snake, to_python) if is_python else (str, to_json)
    places = {
        "curl": {
            name: given.get(name, f"${variable(name)}") for name in endpoint.places
        },
        "python": {name: f"{{{snake(name)}}}" for name in endpoint.places},
        "node": {name: f"${{{name}}}" for name in endpoint.places},
    }[language]
    resource, _, verb = endpoint.call.partition(".")
    ids = ", ".join(map(rename, endpoint.places))
    body, file = write(endpoint.body), json.dumps(endpoint.file)
    if language == "curl":
        # $'…' of a shell reads \n as JSON does.
        body, file = body.replace("'", r"'\''"), file[1:-1].replace("'", r"\'")
    elif endpoint.call and not is_python:
        body = to_json(endpoint.body, before="")
        verb = "remove" if verb == "delete" else verb
    module, _, request_class = endpoint.request_class.partition(".")
    has_body = endpoint.body is not None
    has_headers = has_body or not endpoint.public
    is_partly_known = len(given) < len(endpoint.places)
    context = {
        "endpoint": endpoint,
        "base": site.base,
        "address": site.base
        + endpoint.path.format(**places)
        + ("?pageSize=20" if endpoint.paged else ""),
        # A string, or a template of JavaScript where the path holds ids.
        "quote": "`" if endpoint.places else '"',
        "method": endpoint.method.lower(),
        "ids": [
            (
                rename(name),
                json.dumps(given[name]) if name in given else "",
                variable(name),
            )
            for name in endpoint.places
            if not endpoint.file
        ],
        "has_body": has_body,
        "body": body,
        "file": file,
        "has_headers": has_headers,
        "has_options": has_headers or endpoint.method != "GET",
        "reads_environment": not endpoint.public or is_partly_known or endpoint.file,
        "module": module,
        "class": request_class.partition(".")[0],
        "request_class": request_class,
        "resource": f"memory.{rename(resource)}" + (f"({ids})" if ids else ""),
        "verb": rename(verb),
        "shows": f".{rename(endpoint.shows)}" if endpoint.shows else "",
    }
    texts = [
        # Plain text, which the page escapes.
        render_to_string(f"reference/examples/{name}.txt", context).strip()
        for name in (f"{language}_start", language)
        if name != "curl_start"
    ]
    return Example(language, label, "" if len(texts) == 1 else texts[0], texts[-1])


_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|true|false|null')
_LITERALS = {"true": "True", "false": "False", "null": "None"}


def to_json(value: Any, *, indent: int = 2, before: str = "  ") -> str:
    """`before` is the indentation of the line that the value begins on."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return text.replace("\n", f"\n{before}")


def to_python(value: Any) -> str:
    """On an indented line."""
    text = to_json(value, indent=4, before="    ")
    return _LITERAL.sub(lambda found: _LITERALS.get(found[0], found[0]), text)


def snake(name: str) -> str:
    """displayName as display_name."""
    return re.sub("([A-Z])", r"_\1", name).lower()
