"""What a tenant's business publishes: its bases, their sources, and the search.

A base belongs to the account, which may have several tenants: each shows only those that
were made or chosen for it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect

from console.audit.log import log, log_change, log_view
from console.client.errors import MemoryNotFound, MemoryProblem, MemoryRefused
from console.client.http import Page
from console.client.knowledge import KnowledgeClient
from console.contract.base import URL_MAX
from console.contract.knowledge import base as base_wire
from console.contract.knowledge import source as wire
from console.contract.knowledge.chunk import CHUNKS_PER_PAGE, SEARCH_QUERY_MAX
from console.contract.memory.profile_import import UPLOAD_SALT
from console.engine.words import stems
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.tenants.vault import open_account
from console.web.access import FORM, allow
from console.web.forms import (
    ConsoleForm,
    PageForm,
    ReasonForm,
    StaffTextField,
    check_form,
)
from console.web.render import ConsoleRequest, render_form, render_part
from console.web.session import TypedForgotten, move_typed, read_typed

FOUND, CHUNKS = 8, 25
# Shown before and after the chunk that a link names.
AROUND = 3
WAITING = {"SCHEDULED", "QUEUED", "PROCESSING"}


@dataclass(frozen=True, slots=True)
class ShownBase:
    """problem  why its sources could not be read, or "" """

    base: base_wire.KnowledgeBase
    sources: Sequence[wire.Knowledge] = ()
    problem: str = ""


class SearchForm(ConsoleForm):
    """query  in an address `typed` stands for it"""

    base = forms.CharField(max_length=64, widget=forms.Select)
    query = forms.CharField(label="Question", max_length=SEARCH_QUERY_MAX)


class PlaceForm(PageForm):
    """A chunk, by its number in its document: the page of a PDF or the address of a
    page."""

    chunk = forms.IntegerField(required=False, min_value=0)
    document = forms.CharField(required=False, max_length=URL_MAX)


class BaseForm(ConsoleForm):
    """existing  a base of the account, instead of a new one"""

    display_name = StaffTextField(
        label="Name",
        required=False,
        max_length=base_wire.BASE_NAME_MAX,
        help_text="Letters, digits and hyphens, such as help-centre.",
    )
    existing = forms.ChoiceField(label="Or one that is there", required=False)

    def __init__(self, data: Any, *, others: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["existing"].choices = [("", "None"), *others]  # type: ignore[attr-defined]
        if not others:
            del self.fields["existing"]

    def clean(self) -> None:
        given = self.cleaned_data
        if bool(given.get("display_name")) == bool(given.get("existing")):
            self.add_error("display_name", "Name a new base, or choose one.")


class SourceForm(ConsoleForm):
    """A text, a file, or a web site."""

    name = StaffTextField(label="Name", max_length=wire.SOURCE_NAME_MAX)
    content = forms.CharField(
        label="Text",
        required=False,
        max_length=wire.SOURCE_TEXT_MAX,
        widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
        help_text="What the business says, not what is known of a customer.",
    )
    file = forms.FileField(
        label="Or a file",
        required=False,
        help_text=f"{', '.join(wire.MIME_TYPES)}, up to 16 MiB. A table with the columns"
        " question and answer becomes an entry a row.",
        widget=forms.FileInput(attrs={"accept": ",".join(wire.MIME_TYPES)}),
    )
    url = forms.CharField(
        label="Or a web address",
        required=False,
        max_length=URL_MAX,
        help_text="Such as https://shop.example/help. Pages of its host are read, a page a"
        " second, as its robots.txt allows.",
        widget=forms.URLInput,
    )
    crawl_depth = forms.IntegerField(
        label="Links to follow from there",
        required=False,
        min_value=1,
        max_value=wire.CRAWL_DEPTH_MAX,
        initial=wire.CRAWL_DEPTH,
    )
    crawl_period = forms.ChoiceField(
        label="Read it again",
        required=False,
        choices=[
            ("NEVER", "Only when asked for"),
            ("WEEKLY", "Every week"),
            ("BIWEEKLY", "Every two weeks"),
            ("MONTHLY", "Every month"),
        ],
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file and file.size > wire.FILE_BYTES_MAX:
            raise forms.ValidationError("At most 16 MiB: split the file.")
        if file and get_mime_type(file.name) is None:
            raise forms.ValidationError(f"Choose a {', '.join(wire.MIME_TYPES)} file.")
        return file

    def clean(self) -> None:
        given = self.cleaned_data
        chosen = [name for name in ("content", "file", "url") if given.get(name)]
        if not self.errors and len(chosen) != 1:
            self.add_error(
                "content", "Write a text, choose a file, or name a web address."
            )

    def build_source(self) -> wire.CreateKnowledge:
        """Only of a valid form."""
        file = self.cleaned_data["file"]
        source: wire.SentText | wire.SentFile | wire.SentWeb
        given = self.cleaned_data
        if given["url"]:
            source = wire.SentWeb(
                url=given["url"],
                crawl_depth=given["crawl_depth"],
                crawl_period=given["crawl_period"] or None,
            )
        elif file:
            source = wire.SentFile(
                file_name=file.name[-wire.FILE_NAME_MAX :],
                file_size=file.size,
                mime_type=get_mime_type(file.name),
            )
        else:
            source = wire.SentText(content=self.cleaned_data["content"])
        return wire.CreateKnowledge(name=self.cleaned_data["name"], source=source)


class KnowledgeChangeForm(ReasonForm):
    """Why a source is read again or removed."""


class RemoveBaseForm(KnowledgeChangeForm):
    whose = forms.ChoiceField(
        label="From",
        choices=[
            ("tenant", "This tenant: the base stays for others"),
            ("all", "Everywhere: it goes with its sources, for every tenant"),
        ],
        widget=forms.RadioSelect,
    )


def get_mime_type(name: str) -> Any:
    return wire.MIME_TYPES.get(PurePath(name).suffix.lower())


@allow(Permission.VIEW_KNOWLEDGE, FORM, logs="knowledge.searched")
def overview(request: ConsoleRequest) -> HttpResponse:
    """The tenant's bases with their sources, and what a question finds in one of them."""
    if moved := move_typed(request, SearchForm, "query"):
        return moved
    client = open_account(request.tenant).knowledge
    context: dict[str, Any] = {}
    try:
        bases = read_bases(request.tenant, client)
    except MemoryNotFound:
        context = {"absent": True}
    else:
        try:
            context = _search(request, client, bases)
        except TypedForgotten as forgotten:
            messages.warning(request, forgotten.message)
            return redirect("knowledge:overview", request.tenant.slug)
        context["bases"] = bases
        context["is_waiting"] = any(
            source.status in WAITING for each in bases for source in each.sources
        )
    return render_part(
        request, "knowledge/overview.html", "knowledge/_bases.html", context
    )


def read_bases(tenant: Tenant, client: KnowledgeClient) -> list[ShownBase]:
    """Those of the tenant that are still there; one call that fails costs one part."""
    return [
        _read_base(client, base)
        for base in client.list_bases().items
        if base.id in tenant.knowledge_bases
    ]


def _read_base(client: KnowledgeClient, base: base_wire.KnowledgeBase) -> ShownBase:
    try:
        return ShownBase(base, client.list_sources(base.id).items)
    except MemoryProblem as problem:
        return ShownBase(base, problem=problem.message)


def _search(
    request: ConsoleRequest, client: KnowledgeClient, bases: Sequence[ShownBase]
) -> dict[str, Any]:
    """The form, and what it found where it was sent. Raises TypedForgotten."""
    is_asked = "base" in request.GET
    given = request.GET.dict() | {"query": read_typed(request)} if is_asked else None
    form = SearchForm(given)
    choices = [(each.base.id, each.base.display_name) for each in bases]
    form.fields["base"].widget.choices = choices
    if not is_asked:
        return {"form": form}
    asked = check_form(form)
    if asked["base"] not in dict(choices):
        raise Http404
    found = client.search(asked["base"], asked["query"], FOUND, trace=True)
    log_view(
        request.actor,
        "knowledge.searched",
        "knowledge_base",
        asked["base"],
        found=len(found),
    )
    return {"form": form, "found": found, "stems": stems(asked["query"])}


@allow(Permission.MANAGE_KNOWLEDGE, FORM, logs="knowledge.added")
def add_base(request: ConsoleRequest) -> HttpResponse:
    """A new base, or one of the account's that this tenant is to have as well."""
    client, tenant = open_account(request.tenant).knowledge, request.tenant
    others = [
        (base.id, base.display_name)
        for base in client.list_bases().items
        if base.id not in tenant.knowledge_bases
    ]
    form = BaseForm(request.POST if request.method == "POST" else None, others=others)
    if form.is_valid():
        name = form.cleaned_data["display_name"]
        base_id = form.cleaned_data.get("existing", "")
        try:
            if name:
                asked = base_wire.CreateKnowledgeBase(display_name=name)
                base_id = client.create_base(asked)
        except MemoryRefused as refused:
            form.add_error("display_name", refused.message)
        else:
            with _change_bases(request) as bases:
                bases.append(base_id)
                log(request.actor, "knowledge.added", "knowledge_base", base_id)
            messages.success(request, "The base is there: add its first source.")
            return redirect("knowledge:overview", tenant.slug)
    return render_form(request, "knowledge/add_base.html", {"form": form})


@contextmanager
def _change_bases(request: ConsoleRequest) -> Iterator[list[str]]:
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=request.tenant.pk)
        yield tenant.knowledge_bases
        tenant.knowledge_bases = list(dict.fromkeys(tenant.knowledge_bases))
        tenant.save(update_fields=["knowledge_bases"])


@allow(Permission.MANAGE_KNOWLEDGE, FORM, logs="knowledge.added")
def add_source(request: ConsoleRequest, base_id: str) -> HttpResponse:
    client, base = _open(request, base_id)
    is_post = request.method == "POST"
    data: Any = (request.POST, request.FILES) if is_post else ()
    form = SourceForm(*data)
    if form.is_valid():
        file = form.cleaned_data["file"]
        try:
            with log_change(
                request.actor, "knowledge.added", "knowledge_base", base_id
            ) as closing:
                made = client.create_source(base_id, form.build_source(), file)
                closing["source"] = made.id
        except MemoryRefused as refused:
            field = "url" if form.cleaned_data["url"] else None
            form.add_error(field, refused.message)
        else:
            messages.success(request, "Added: it is found as soon as it is read.")
            return redirect("knowledge:overview", request.tenant.slug)
    context = {
        "form": form,
        "base": base,
        # Without it the web server keeps no body of that size. It is no import's.
        "signature": signing.dumps(["", request.tenant.slug], salt=UPLOAD_SALT),
    }
    return render_form(request, "knowledge/add_source.html", context)


@allow(Permission.VIEW_KNOWLEDGE, logs="none: what the business publishes")
def source(request: ConsoleRequest, base_id: str, source_id: str) -> HttpResponse:
    """What of a source is found, piece by piece."""
    client, base = _open(request, base_id)
    asked = check_form(PlaceForm(request.GET))
    shown = client.fetch_source(base_id, source_id)
    context: dict[str, Any] = {"base": base, "source": shown}
    if asked["chunk"] is None:
        ids, token = (base_id, source_id), asked["page"]
        context["page"] = client.list_chunks(*ids, page_token=token, page_size=CHUNKS)
    else:
        context |= _find_chunk(client, base_id, shown, asked)
    return render_part(
        request, "knowledge/source.html", "knowledge/_chunks.html", context
    )


def _find_chunk(
    client: KnowledgeClient, base_id: str, source: wire.Knowledge, asked: dict[str, Any]
) -> dict[str, Any]:
    """The chunk that a link names, among those around it. Raises Http404."""
    token: str | None = ""
    while token is not None:
        page = client.list_chunks(
            base_id, source.id, page_token=token, page_size=CHUNKS_PER_PAGE
        )
        for place, chunk in enumerate(page.items):
            document = chunk.document_url or chunk.document_number or ""
            if (chunk.chunk_index, str(document)) == (
                asked["chunk"],
                asked["document"],
            ):
                around = page.items[max(0, place - AROUND) : place + AROUND + 1]
                return {"page": Page(around), "chosen": chunk}
        token = page.next_token
    raise Http404


CHANGES = {"refresh", "remove"}


@allow(Permission.MANAGE_KNOWLEDGE, FORM, logs="knowledge.refreshed knowledge.removed")
def change_source(
    request: ConsoleRequest, base_id: str, source_id: str, change: str
) -> HttpResponse:
    """Read it again, or remove it."""
    client, base = _open(request, base_id)
    if change not in CHANGES:
        raise Http404
    shown = client.fetch_source(base_id, source_id)
    form = KnowledgeChangeForm(request=request)
    if form.is_valid():
        removes = change == "remove"
        call = client.delete_source if removes else client.refresh_source
        action = "knowledge.removed" if removes else "knowledge.refreshed"
        with log_change(
            request.actor, action, "knowledge", source_id, reason=form.reason
        ):
            call(base_id, source_id)
        done = "is removed" if removes else "is read again"
        messages.success(request, f"{shown.name} {done}.")
        return redirect("knowledge:overview", request.tenant.slug)
    context = {"form": form, "base": base, "source": shown, "change": change}
    return render_form(request, "knowledge/change.html", context)


@allow(Permission.MANAGE_KNOWLEDGE, FORM, logs="knowledge.removed")
def remove_base(request: ConsoleRequest, base_id: str) -> HttpResponse:
    """From this tenant, or with its sources for every tenant that has it."""
    client, base = _open(request, base_id)
    form = RemoveBaseForm(request=request)
    if form.is_valid():
        named = request.actor, "knowledge.removed", "knowledge_base", base_id
        if form.cleaned_data["whose"] == "tenant":
            with _change_bases(request) as bases:
                bases.remove(base_id)
                log(*named, reason=form.reason)
        else:
            with log_change(*named, reason=form.reason):
                client.delete_base(base_id)
        messages.success(request, f"{base.display_name} is removed.")
        return redirect("knowledge:overview", request.tenant.slug)
    context = {
        "form": form,
        "base": base,
        "sources": client.list_sources(base_id).items,
        "change": "remove",
    }
    return render_form(request, "knowledge/change.html", context)


def _open(
    request: ConsoleRequest, base_id: str
) -> tuple[KnowledgeClient, base_wire.KnowledgeBase]:
    """A base of another tenant is unknown here. Raises Http404, MemoryProblem."""
    if base_id not in request.tenant.knowledge_bases:
        raise Http404
    client = open_account(request.tenant).knowledge
    return client, client.fetch_base(base_id)
