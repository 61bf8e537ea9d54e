"""The reference of the Memory API, with the ids of the reader's own store in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from console.client.account import AccountClient, connect
from console.client.errors import MemoryRefused
from console.pages.reference.endpoints import Endpoint, EndpointReader, Section
from console.pages.reference.examples import (
    LANGUAGES,
    Example,
    Site,
    list_examples,
    set_up,
    to_json,
)
from console.pages.reference.openapi import decode_openapi
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_account
from console.web.render import ConsoleRequest, allow

# The memory of this installation, as opposed to one at a URL.
EMBEDDED = ("", "embedded:")


@require_safe
def start(request: ConsoleRequest) -> HttpResponse:
    """To the person's one tenant; for others the store's id is left to them."""
    tenants = Tenant.objects.visible_to(request.user)[:2]
    if len(tenants) == 1:
        return redirect("reference:of_tenant", tenants[0].slug)
    return _show(request, None)


@allow(Permission.OPEN_TENANT)
def of_tenant(request: ConsoleRequest) -> HttpResponse:
    """What the tenant's memory describes, with their store's id in the examples."""
    return _show(request, request.tenant)


def _show(request: ConsoleRequest, tenant: Tenant | None) -> HttpResponse:
    here = request.build_absolute_uri(reverse("home")).rstrip("/")
    site = get_site(tenant, here=here)
    return render(
        request,
        "reference/api.html",
        {
            "site": site,
            "is_here": site.base == here,
            "reference": get_reference(open_memory(tenant), site),
            "languages": LANGUAGES,
            "installs": set_up(site),
        },
    )


# An endpoint, how it is called, and a sample of its answer.
Entry = tuple[Endpoint, list[Example], str]


@dataclass(frozen=True, slots=True)
class Reference:
    """What the memory describes: nothing, where it publishes no description.

    chapters  each section with its endpoints
    help     what holds for every operation
    common   (status, meaning) of what every operation can answer
    missing  why there is nothing to show
    """

    chapters: list[tuple[Section, list[Entry]]]
    help: str = ""
    common: Sequence[tuple[str, str]] = ()
    missing: str = ""


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


def get_reference(account: AccountClient, site: Site) -> Reference:
    """Raises MemoryProblem where the memory gives no answer, or one of another form."""
    try:
        document = account.fetch_description()
    except MemoryRefused as refused:
        return Reference([], missing=refused.title)
    openapi = decode_openapi(document)
    reader = EndpointReader(openapi)
    chapters = [
        (section, [_build_entry(endpoint, site) for endpoint in section.endpoints])
        for section in reader.read_sections()
    ]
    return Reference(chapters, openapi.info.description, reader.common)


def _build_entry(endpoint: Endpoint, site: Site) -> Entry:
    answer = "" if endpoint.answer is None else to_json(endpoint.answer, before="")
    return endpoint, list_examples(endpoint, site), answer
