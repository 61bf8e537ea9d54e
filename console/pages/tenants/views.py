"""The tenants of this installation: the list, their connections, their accounts."""

from functools import partial

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from console.audit.log import log_change
from console.client.errors import MemoryDenied, MemoryNotFound
from console.client.network import EMBEDDED
from console.client.regions import find_place
from console.core.errors import DomainError
from console.pages.tenants import services
from console.pages.tenants.forms import (
    AccountForm,
    IdentityForm,
    RemoveForm,
    RenameForm,
    SecretForm,
    TokenForm,
)
from console.pages.tenants.services import (
    StoreNotReady,
    check_connection,
    get_memory_state,
    get_model_usage,
)
from console.tenants.actor import Permission
from console.tenants.services import TenantTaken
from console.web.access import FORM, POST, allow
from console.web.render import ConsoleRequest, redirect_window, render_form, render_part

SECRETS = {
    "accountSid": "Account SID",
    "authToken": "Auth token",
    "apiKey": "API key",
    "apiSecret": "API secret",
}


@allow(Permission.CHECK_CONNECTION, logs="none: the state of a connection")
def connection(request: ConsoleRequest) -> HttpResponse:
    """One call of the tenant's memory, made now."""
    return render_part(
        request,
        "tenants/connection.html",
        "tenants/_connection.html",
        {
            "tenant": request.tenant,
            "connection": check_connection(request.tenant),
            # Asked by the whole page alone.
            "get_usage": partial(get_model_usage, request.tenant),
            "get_answered": partial(services.find_dialects, request.tenant),
            "place": find_place(request.tenant.address),
        },
    )


@allow(Permission.REPLACE_CREDENTIAL, POST, logs="dialect.changed")
def set_dialect(request: ConsoleRequest) -> HttpResponse:
    """Of the tenant's memory, as it answers now."""
    if services.set_dialect(request.tenant, actor=request.actor):
        label = request.tenant.get_dialect_display()
        messages.success(request, f"The console speaks {label} there now.")
    return redirect("tenants:connection", request.tenant.slug)


@allow(
    Permission.OPEN_TENANT,
    logs="none: the state of a connection",
    part_of="tenant_home",
)
def memory_state(request: ConsoleRequest) -> HttpResponse:
    """For the rail of every page: a dot and a short text."""
    state, label = get_memory_state(request.tenant)
    context = {"state": state, "label": label}
    return render(request, "tenants/_memory_state.html", context)


@allow(Permission.ADD_TENANT, FORM, logs="account.added")
def add_account(request: ConsoleRequest) -> HttpResponse:
    """Answered by its secrets: they are in this answer and nowhere else."""
    if settings.MEMORY_URL != EMBEDDED:
        raise Http404
    form = AccountForm(request=request)
    made = dict[str, str]()
    if form.is_valid():
        name = form.cleaned_data["name"]
        made = services.make_account(name, actor=request.actor, reason=form.reason)
    context = {"form": form, "made": _label(made)}
    return render_form(request, "tenants/add_account.html", context)


def _label(made: dict[str, str]) -> list[tuple[str, str]]:
    return [(label, made[key]) for key, label in SECRETS.items() if key in made]


@allow(Permission.MANAGE_ACCOUNTS, logs="none: ids of accounts")
def list_accounts(request: ConsoleRequest) -> HttpResponse:
    if settings.MEMORY_URL != EMBEDDED:
        raise Http404
    context = {"accounts": services.list_accounts()}
    return render(request, "tenants/accounts.html", context)


@allow(Permission.MANAGE_ACCOUNTS, FORM, logs="key.added key.revoked account.rotated")
def account(request: ConsoleRequest, sid: str) -> HttpResponse:
    """Its secrets, of which a new one is in this answer and nowhere else."""
    accounts = services.list_accounts(sid)
    if settings.MEMORY_URL != EMBEDDED or not accounts:
        raise Http404
    asked = {"change": request.GET.get("change", "")}
    form = SecretForm(request=request, account=accounts[0], initial=asked)
    made = dict[str, str]()
    if form.is_valid():
        change = form.cleaned_data["change"]
        made = services.change_secret(
            sid, change, actor=request.actor, reason=form.reason
        )
        if not made:
            messages.success(request, "The key is revoked: it opens nothing any more.")
            return redirect("tenants:account", sid)
    context = {"form": form, "account": accounts[0], "made": _label(made)}
    return render_form(request, "tenants/account.html", context)


@allow(Permission.REPLACE_CREDENTIAL, FORM, logs="token.replaced")
@sensitive_post_parameters("secret")
def replace_token(request: ConsoleRequest) -> HttpResponse:
    """The form; the token is saved once the tenant's store has answered it."""
    now = request.GET.get("address", request.tenant.address)
    form = TokenForm(request.POST or None, initial={"address": now})
    if form.is_valid() and _replace_token(form, request):
        messages.success(request, f"The connection of {request.tenant} was replaced.")
        return redirect_window(request, "tenants:connection", request.tenant.slug)
    return render_part(
        request,
        "tenants/token.html",
        "tenants/_form.html",
        {"form": form, "tenant": request.tenant, "submit": "Replace the connection"},
    )


@allow(Permission.MANAGE_TENANT, FORM, logs="tenant.renamed")
def rename(request: ConsoleRequest) -> HttpResponse:
    tenant = request.tenant
    form = RenameForm(request=request, initial={"name": tenant.name})
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            services.rename_tenant(
                tenant, name, actor=request.actor, reason=form.reason
            )
        except TenantTaken as taken:
            form.add_error("name", taken.message)
        else:
            messages.success(request, f"The tenant is called {name} now.")
            return redirect("tenants:connection", tenant.slug)
    return _show_change(request, "tenants/rename.html", form)


@allow(Permission.MANAGE_TENANT, FORM, logs="tenant.removed")
def remove(request: ConsoleRequest) -> HttpResponse:
    """What goes and what stays is said first, and its slug is typed."""
    tenant = request.tenant
    form = RemoveForm(request=request, slug=tenant.slug)
    if form.is_valid():
        services.remove_tenant(tenant, actor=request.actor, reason=form.reason)
        messages.success(request, f"{tenant.name} was removed from the console.")
        return redirect("tenants:list")
    return _show_change(request, "tenants/remove.html", form)


def _show_change(request: ConsoleRequest, page: str, form: Form) -> HttpResponse:
    context = {
        "tenant": request.tenant,
        "form": form,
        "roles": request.tenant.memberships.count(),
        "receipts": request.tenant.deletions.count(),
    }
    return render_form(request, page, context)


@allow(Permission.UPDATE_IDENTITY_SETTINGS, FORM, logs="identity.changed")
def identity(request: ConsoleRequest) -> HttpResponse:
    """How the tenant's store reads numbers and which merges wait for a person."""
    request.store.check_has("identity settings")
    try:
        request.store.list_merge_suggestions()
    except MemoryNotFound:  # a hosted memory has none of these settings
        return render(request, "tenants/identity.html", {"is_hosted": True})
    form = IdentityForm(request=request, settings=request.store.identity_settings())
    if form.is_valid():
        changes, wanted = form.list_changes(), form.get_settings()
        on = ("store", request.store.store_id)
        act = log_change(request.actor, "identity.changed", *on, reason=form.reason)
        with act as closing:
            version = form.cleaned_data["version"]
            request.store.put_identity_settings(wanted, version=version)
            closing.update(changes)
        messages.success(request, "Saved. It applies to what is written from now on.")
        return redirect("tenants:identity", request.tenant.slug)
    context = {"form": form, "settings": form.settings}
    return render_form(request, "tenants/identity.html", context)


def _replace_token(form: TokenForm, request: ConsoleRequest) -> bool:
    """False when the form has an error at the field concerned."""
    wanted = form.cleaned_data
    try:
        services.replace_token(request.tenant, **wanted, actor=request.actor)
    except DomainError as problem:
        is_token = isinstance(problem, MemoryDenied | StoreNotReady)
        form.add_error("secret" if is_token else "address", problem.message)
    return not form.errors
