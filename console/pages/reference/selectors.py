"""The reference as a page shows it: for one tenant's store, or for none."""

from dataclasses import dataclass

from django.conf import settings

from console.pages.reference.examples import examples_of
from console.pages.reference.examples.notation import JSON
from console.pages.reference.examples.site import Example, Site
from console.pages.reference.operation import Operation, Section
from console.pages.reference.operations import SECTIONS
from console.tenants.models import Tenant

# The memory of this installation, as opposed to one at a URL.
EMBEDDED = ("", "embedded:")


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation, how it is called, and a sample of its answer."""

    operation: Operation
    examples: list[Example]
    answer: str


@dataclass(frozen=True, slots=True)
class Chapter:
    section: Section
    entries: list[Entry]


def site_of(tenant: Tenant | None, *, here: str) -> Site:
    """Where the tenant's memory answers; `here` is this installation's own address."""
    address = (tenant.address if tenant else "") or settings.MEMORY_URL
    base = here if address in EMBEDDED else address
    return Site(base.rstrip("/"), {"store_id": tenant.store_id} if tenant else {})


def chapters(site: Site) -> list[Chapter]:
    return [
        Chapter(section, [_entry(each, site) for each in section.operations])
        for section in SECTIONS
    ]


def _entry(operation: Operation, site: Site) -> Entry:
    answer = JSON.write(operation.answer) if operation.answer is not None else ""
    return Entry(operation, examples_of(operation, site), answer)
