"""The wizard: a client begins, is set up step by step, and goes live with a sheet."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters

from console.audit.signing import SignatureRefused, SignerUnknown, verify
from console.client.errors import MemoryDenied, MemoryUnreachable
from console.client.network import BadAddress
from console.core.errors import DomainError
from console.core.unicode import find_alike
from console.pages.onboarding import engine
from console.pages.onboarding.accounts import (
    KnownAccount,
    count_slots,
    list_known,
    name_next,
)
from console.pages.onboarding.forms import BeginForm, PlanForm
from console.pages.onboarding.models import Onboarding
from console.pages.onboarding.plan import (
    ClientTemplate,
    PlanRefused,
    build_legal_name,
    build_slug,
    list_shipped,
    write_plan,
)
from console.pages.onboarding.steps import STEPS, Bench, list_stores
from console.tenants.actor import Permission
from console.tenants.models import Tenant
from console.tenants.services import TenantTaken
from console.web.access import FORM, POST, allow
from console.web.render import (
    ConsoleRequest,
    redirect_window,
    render_form,
    render_part,
    wants_part,
)

STEP_LOGS = "canary.run linkage.checked onboarding.step onboarding.undone onboarding.live onboarding.dropped segment.changed tenant.added tenant.removed"


@allow(Permission.ADD_TENANT, FORM, logs="onboarding.begun")
@sensitive_post_parameters("secret")
def begin(request: ConsoleRequest) -> HttpResponse:
    """Who is on the way, and the form for the next one."""
    known = list_known(request.user)
    form = BeginForm(
        request.POST if request.method == "POST" else None,
        known=known,
        user=request.user,
        initial=request.GET.dict(),
    )
    if form.is_valid() and (row := _begin(form, request)):
        return redirect_window(request, "onboarding:client", row.pk)
    context = {
        "form": form,
        "others": [form[name] for name in BeginForm.other_fields],
        "news": [form[name] for name in BeginForm.new_fields],
        "names": [form[name] for name in BeginForm.name_fields],
        "under_way": Onboarding.objects.visible_to(request.user).under_way(),
    }
    return render_part(
        request, "onboarding/begin.html", "onboarding/_begin.html", context
    )


def _begin(form: BeginForm, request: ConsoleRequest) -> Onboarding | None:
    """None when the form has an error at the field concerned."""
    secret = form.cleaned_data["secret"]
    try:
        return engine.begin(form.plan, request.actor, secret=secret)
    except DomainError as problem:
        form.add_error(_get_field(problem, form), problem.message)
    return None


def _get_field(problem: DomainError, form: BeginForm) -> str | None:
    match problem:
        case MemoryDenied():
            return "secret" if form.cleaned_data["secret"] else "account"
        case MemoryUnreachable() | BadAddress():
            return "address" if form.cleaned_data["address"] else "account"
        case TenantTaken():
            return problem.field
        case PlanRefused():
            return "account"
        case _:
            return None


@allow(
    Permission.ADD_TENANT,
    logs="none: names of tenants and stores",
    part_of="onboarding:begin",
)
def names(request: ConsoleRequest) -> HttpResponse:
    """While a name is typed: what store and address it makes, whether they are free, and
    how many clients the account has room for."""
    asked = request.GET
    name = asked.get("name", "").strip()[:80]
    store = asked.get("store") or build_legal_name(name)
    slug = asked.get("slug") or build_slug(name)
    known = {each.key: each for each in list_known(request.user)}
    account = known.get(asked.get("account", ""))
    context: dict[str, Any] = {"name": name, "store": store, "slug": slug}
    if name and store and slug:
        context["taken"] = _find_fault(name=name, store=store, slug=slug)
    if account:
        context |= _look_at(account, store, asked.get("template", ""))
    return render(request, "onboarding/_names.html", context)


def _find_fault(**given: str) -> str:
    """As the form says it."""
    try:
        for field, value in given.items():
            BeginForm.base_fields[field].clean(value)
        engine.check_free(name=given["name"], slug=given["slug"])
    except ValidationError as fault:
        return " ".join(fault.messages)
    except TenantTaken as taken:
        return taken.message
    return ""


def _look_at(account: KnownAccount, store: str, template: str) -> dict[str, Any]:
    """Of a memory that does not answer, its words."""
    try:
        if (client := account.open()) is None:
            return {}
        plan = list_shipped().get(template, ClientTemplate())
        stores = {s.display_name: s.id for s in list_stores(client)}
        like = find_alike(store, stores)
        return {
            "account": account,
            "slots": (slots := count_slots(client, plan)),
            "first": min(slots, key=lambda slot: slot.clients),
            "next": name_next(account),
            "like": like,
            "is_taken": Tenant.objects.filter(store_id=stores.get(like, "")).exists(),
        }
    except DomainError as problem:
        return {"problem": problem.message}


def _get(request: ConsoleRequest, onboarding_id: UUID) -> Onboarding:
    rows = Onboarding.objects.select_related("tenant", "begun_by")
    rows = rows.visible_to(request.user)
    return get_object_or_404(rows, pk=onboarding_id)


@allow(Permission.ADD_TENANT, logs="none: what is set up, of no customer")
def client(request: ConsoleRequest, onboarding_id: UUID) -> HttpResponse:
    return _show(request, _get(request, onboarding_id))


def _show(
    request: ConsoleRequest, row: Onboarding, problem: DomainError | None = None
) -> HttpResponse:
    """As it stands; or why that cannot be told."""
    seen: list[engine.Seen] = []
    try:
        seen = list(engine.look(row))
    except DomainError as unread:
        problem = problem or unread
    following = next((each for each in seen if each.state == "next"), None)
    runs = request.POST.get("run") == "all" and problem is None
    is_green = bool(seen) and not any(each.changes for each in seen)
    context = {
        "row": row,
        "plan": row.read_plan().fill_in(),
        "seen": seen,
        "next": following,
        "is_green": is_green,
        "doubts": is_green and engine.tell_doubts(Bench(row).added),
        "undoable": engine.find_undoable(row),
        "problem": problem,
        "runs": runs and following and not following.is_late,
    }
    status = problem.status if problem else 200
    return render_part(
        request,
        "onboarding/client.html",
        "onboarding/_steps.html",
        context,
        status=status,
    )


@allow(Permission.ADD_TENANT, POST, logs=STEP_LOGS)
def move(request: ConsoleRequest, onboarding_id: UUID, move: str) -> HttpResponse:
    """step, undo, live or drop. What the next step is, the memory says: no request can
    name it."""
    row, actor = _get(request, onboarding_id), request.actor
    moves = {
        "step": engine.advance,
        "undo": engine.undo,
        "live": engine.go_live,
        "drop": engine.give_up,
    }
    if move not in moves:
        raise Http404
    try:
        with engine.hold(row):
            moves[move](row, actor)
    except DomainError as problem:
        return _show(request, row, problem)
    if move == "live":
        doubts = (row.sheet or {})["doubts"]
        tell = messages.warning if doubts else messages.success
        tell(request, f"{row.read_plan().name} is live. {doubts}".strip())
        return redirect_window(request, "onboarding:sheet", row.slug)
    if move == "drop":
        messages.success(request, "Given up. Nothing of it is left in the memory.")
        return redirect_window(request, "onboarding:begin")
    if not wants_part(request):
        return redirect("onboarding:client", row.pk)
    return _show(request, _get(request, onboarding_id))


@allow(Permission.ADD_TENANT, FORM, logs="onboarding.changed")
def plan(request: ConsoleRequest, onboarding_id: UUID) -> HttpResponse:
    """To read, to change until it is live, and as a file for `manage.py onboard`."""
    row = _get(request, onboarding_id)
    written = write_plan(row.read_plan()).decode()
    if "download" in request.GET:
        named = f'attachment; filename="{row.slug}.yaml"'
        headers = {"Content-Disposition": named}
        return HttpResponse(written, "application/yaml", headers=headers)
    sent = request.POST if request.method == "POST" else None
    form = PlanForm(sent, initial={"plan": written})
    if form.is_valid():
        try:
            engine.change_plan(row, form.cleaned_data["plan"], request.actor)
        except DomainError as problem:
            form.add_error("plan", problem.message)
        else:
            return redirect("onboarding:client", row.pk)
    return render_form(request, "onboarding/plan.html", {"form": form, "row": row})


@allow(Permission.CHECK_CONNECTION, logs="none: what was set up, of no customer")
def sheet(request: ConsoleRequest) -> HttpResponse:
    """What was green when the tenant went live, to print or to keep as a file."""
    row = get_object_or_404(
        Onboarding.objects.exclude(live_at=None), tenant=request.tenant
    )
    if "download" in request.GET:
        named = f'attachment; filename="go-live-{row.slug}.json"'
        return JsonResponse(row.sheet, headers={"Content-Disposition": named})
    done = (row.sheet or {})["steps"]
    words = "The signature fits: nothing was changed since."
    try:
        verify(row.sheet or {})
    except (SignatureRefused, SignerUnknown) as problem:
        words = problem.message
    context = {
        "row": row,
        "sheet": row.sheet,
        # Not in the order in which a database keeps JSON.
        "steps": [
            (s, done[s.name], _read_moment(done[s.name]["at"]))
            for s in STEPS
            if s.name in done
        ],
        "verified": words,
    }
    return render(request, "onboarding/sheet.html", context)


def _read_moment(at: str) -> datetime | None:
    """As a sheet has it, which is read without a console too."""
    return datetime.strptime(f"{at}+0000", "%d %b %Y, %H:%M:%S UTC%z") if at else None
