"""Deleting an observation, a summary or a profile: what goes, who said yes, what became
of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django_htmx.http import HttpResponseClientRefresh

from console.audit.log import log, log_view
from console.client.errors import MemoryRefused
from console.masking.masker import masker_for
from console.pages.deletions import services, steps
from console.pages.deletions.certificates import read_certificate
from console.pages.deletions.forms import (
    NAME_SHOWN,
    NOBODY,
    ConfirmFactForm,
    ConfirmForm,
    ConfirmProfileForm,
    IntakeForm,
    NewRequestForm,
    PolicyForm,
)
from console.pages.deletions.inventory import Inventory, take_inventory
from console.pages.deletions.models import Deletion, DeletionPolicy, Target
from console.profiles.candidates import name_people
from console.profiles.identity import WORDS, look_up
from console.profiles.items import OBSERVATION, PROFILE, SUMMARY, find_kind
from console.profiles.models import OnHold, check_hold
from console.tenants.actor import Actor, Permission, may, who_may
from console.tenants.models import Role, Tenant
from console.web.access import FORM, POST, allow, ask_who_it_is
from console.web.forms import InvalidQuery
from console.web.render import ConsoleRequest, render_form, render_part, wants_part

PAGE_ROWS = 50
# A request can go through several within one answer, and look up whose it is.
STEPS = (
    "deletion.approved deletion.cancelled deletion.finished deletion.opened "
    "deletion.previewed deletion.refused deletion.requested deletion.returned "
    "deletion.started deletion.voided observation.deleted profile.deleted "
    "summary.deleted"
)
State = Deletion.State


@allow(Permission.REQUEST_DELETION, FORM, logs=STEPS)
def delete_observation(
    request: ConsoleRequest, profile_id: str, observation_id: str
) -> HttpResponse:
    return _confirm(request, Target(OBSERVATION, profile_id, observation_id))


@allow(Permission.REQUEST_DELETION, FORM, logs=STEPS)
def delete_summary(
    request: ConsoleRequest, profile_id: str, summary_id: str
) -> HttpResponse:
    return _confirm(request, Target(SUMMARY, profile_id, summary_id))


@allow(Permission.REQUEST_DELETION, FORM, logs=STEPS)
def delete_profile(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    return _confirm(request, Target(PROFILE, profile_id, profile_id))


def _confirm(request: ConsoleRequest, target: Target) -> HttpResponse:
    """A preview of what goes, and the form: to delete it, or to ask an officer for that."""
    _check_query(request)
    if not target.is_well_formed:
        raise Http404
    if request.actor.may(Permission.DELETE) and (asked := ask_who_it_is(request)):
        return asked
    standing = services.find_standing_deletion(request.tenant, target)
    if standing:
        services.verify_again(standing, request.actor)
    stands = standing and standing.state != State.RETURNED
    if standing and stands and may(request.role, Permission.VIEW_DELETIONS):
        return _redirect_to_standing(request, standing)
    found = take_inventory([target], request.actor)
    if found.targets != [target]:
        return redirect(found.targets[0].confirm_url(request.tenant.slug))
    form = None if stands else _build_form(request, target, found)
    if form is None or not form.is_valid():
        return _show_preview(request, target, found, form, standing)
    return _carry_out(request, target, found, form)


def _carry_out(
    request: ConsoleRequest,
    target: Target,
    found: Inventory,
    form: ConfirmForm | IntakeForm,
) -> HttpResponse:
    if isinstance(form, IntakeForm):
        deletion, is_new = services.open_request(found, request.actor, **form.intake)
        if not request.actor.may(Permission.DELETE):
            return redirect(request.path)
        if is_new:
            services.submit(deletion, request.actor, found.digest)
    else:
        deletion = services.delete_item(
            target,
            request.actor,
            counts=found.counts,
            reason_code=form.cleaned_data["reason_code"],
            reason=form.cleaned_data["reason"],
        )
    return _redirect_to_standing(request, deletion)


def _build_form(
    request: ConsoleRequest, target: Target, found: Inventory
) -> ConfirmForm | IntakeForm:
    if not request.actor.may(Permission.DELETE):
        return IntakeForm(request=request)
    policy = DeletionPolicy.of(request.tenant)
    if target.is_profile or policy.asks_for_approval(found.counts):
        form: ConfirmForm = ConfirmProfileForm(request=request)
    else:
        form = ConfirmFactForm(request.POST if request.method == "POST" else None)
    form.expect(target.tail, request.tenant, found.digest)
    return form


def _check_query(request: ConsoleRequest) -> None:
    """An ignored parameter could have meant something."""
    if request.method == "POST" and request.GET:
        names = ", ".join(sorted(request.GET))[:NAME_SHOWN]
        raise InvalidQuery(f"{names}: unknown parameter. Nothing was deleted.")


def _show_preview(
    request: ConsoleRequest,
    target: Target,
    found: Inventory,
    form: ConfirmForm | IntakeForm | None,
    standing: Deletion | None,
) -> HttpResponse:
    _log_preview(request, target, found)
    context = {
        "target": target,
        "found": found,
        "form": form,
        "deletion": standing,
        "policy": DeletionPolicy.of(request.tenant),
        "who_may_delete": who_may(Permission.DELETE),
    }
    return render_form(request, "deletions/confirm.html", context)


def _log_preview(request: ConsoleRequest, target: Target, found: Inventory) -> None:
    on = target.kind.name, target.object_id
    about = [target.profile_id]
    log_view(request.actor, "deletion.previewed", *on, about=about, **found.counts)


def _redirect_to_standing(request: ConsoleRequest, deletion: Deletion) -> HttpResponse:
    """To the deletion that exists already; the second person is told so."""
    if request.method == "POST" and deletion.requested_by_id != request.user.pk:
        messages.warning(
            request,
            f"{deletion.requested_by.email} requested this deletion before you. "
            "Your request was not carried out.",
        )
    return _redirect_to_receipt(deletion)


def _redirect_to_receipt(deletion: Deletion) -> HttpResponse:
    return redirect("deletions:deletion", deletion.tenant.slug, deletion.pk)


@allow(Permission.DELETE, FORM, logs=STEPS)
def add_request(request: ConsoleRequest) -> HttpResponse:
    """What a letter asks for: of several identifiers, at several tenants."""
    mine = Tenant.objects.filter(
        memberships__user=request.user, memberships__role=Role.OFFICER
    )
    form = NewRequestForm(tenants=mine.order_by("name"), request=request)
    form.is_valid()
    # Also when another field is wrong: all errors are shown at once.
    if form.is_bound and "identifiers" in form.cleaned_data:
        tenants = form.cleaned_data.get("tenants", [request.tenant])
        actors = [Actor(request.user, tenant, Role.OFFICER) for tenant in tenants]
        if found := _find_all(form, actors):
            return _open_requests(request, found, form)
    return render_form(request, "deletions/add.html", {"form": form})


def _find_all(
    form: NewRequestForm, actors: Sequence[Actor]
) -> list[tuple[Inventory, Actor]]:
    """What goes of whom, at each tenant; or the form has the errors of each line."""
    found: dict[tuple[Actor, str], int] = {}
    for line, number in form.cleaned_data["identifiers"].items():
        matches = [(actor, look_up(actor, line)) for actor in actors]
        exact = [each for each in matches if each[1].id_type != WORDS]
        for actor, match in exact:
            for id_ in match.profiles:
                found.setdefault((actor, id_), number)
        if any(len(match.profiles) > 1 for _, match in exact):
            problem = "Several profiles share it: give their profile ids."
        elif any(match.profiles for _, match in exact):
            continue
        elif matches[0][1].id_type == WORDS:
            problem = "Begin with the type, such as email:."
        else:
            problem = matches[0][1].problem or "Nobody has it here."
        form.add_error("identifiers", f"Line {number}: {problem}")
    inventories = []
    for (actor, id_), number in found.items():
        try:
            check_hold(actor.in_tenant()[1], id_)
            if form.is_valid():
                target = Target(PROFILE, id_, id_)
                inventories.append((take_inventory([target], actor), actor))
        except (OnHold, MemoryRefused) as refused:
            where = f" at {actor.tenant}" if len(actors) > 1 else ""
            problem = f"Line {number}{where}: {refused.message}"
            form.add_error("identifiers", f"{problem} No request was opened.")
    return inventories if form.is_valid() else []


def _open_requests(
    request: ConsoleRequest, found: Sequence[tuple[Inventory, Actor]], form: IntakeForm
) -> HttpResponse:
    """One for each profile, of one case. What stands in another one is left to that."""
    case = uuid4() if len(found) > 1 else None
    opened = services.open_requests(found, case=case, **form.intake)
    if taken := [each for each, is_new in opened if not is_new]:
        links = format_html_join(", ", '<a href="{}">{} …{}</a>', map(_describe, taken))
        said = f"{len(taken)} of {len(opened)} had been requested before: {{}}."
        messages.warning(request, format_html(said, links))
    first = next((each for each, is_new in opened if is_new), opened[0][0])
    return _redirect_to_receipt(first)


def _describe(deletion: Deletion) -> tuple[str, Tenant, str]:
    """Its address, and what a link to it says."""
    tenant, tail = deletion.tenant, deletion.target.tail
    url = reverse("deletions:deletion", args=[tenant.slug, deletion.pk])
    return url, tenant, tail


@allow(Permission.DELETE, FORM, logs=STEPS)
def delete_selection(request: ConsoleRequest, profile_id: str) -> HttpResponse:
    """Several facts of one timeline in one request."""
    ids = dict.fromkeys(request.GET.getlist("id"))
    targets = [Target(kind, profile_id, id_) for id_ in ids if (kind := find_kind(id_))]
    if not 0 < len(targets) <= services.ITEMS_MAX or not targets[0].is_well_formed:
        raise Http404
    form = IntakeForm(request=request)
    if form.is_valid():
        found = take_inventory(targets, request.actor)
        return _open_requests(request, [(found, request.actor)], form)
    context = {"form": form, "targets": targets, "profile_id": profile_id}
    return render_form(request, "deletions/add.html", context)


@allow(Permission.VIEW_DELETIONS, logs="profile.listed")
def list_deletions(request: ConsoleRequest) -> HttpResponse:
    """What is open by its deadline, then the newest first; htmx gets the rows alone. With
    masked names for those who may see customers, where the memory has one still."""
    deletions = Deletion.objects.of(request.tenant).select_related("requested_by")
    pages = Paginator(deletions.by_urgency(), PAGE_ROWS)
    page, names = pages.get_page(request.GET.get("page")), dict[str, str]()
    named = [x.profile_id for x in page if x.is_pending or not x.target.is_profile]
    if named and request.actor.may(Permission.VIEW_PROFILES):
        names = name_people(request.store, named, masker_for(request.actor))
        log_view(request.actor, "profile.listed", count=len(names))
    return render_part(
        request,
        "deletions/list.html",
        "deletions/_deletions.html",
        {
            "page": page,
            "rows": [(each, names.get(each.profile_id, "")) for each in page],
            "returned": deletions.returned().order_by("-returned_at", "id"),
            "policy": DeletionPolicy.of(request.tenant),
        },
    )


def count_open(request: ConsoleRequest) -> int:
    """What waits for a person like this one, or is back again."""
    deletions = Deletion.objects.of(request.tenant)
    waiting = deletions.waiting_for(request.user)
    return waiting.count() + deletions.returned().count()


@allow(Permission.VIEW_DELETIONS, logs="deletion.previewed")
def show_deletion(request: ConsoleRequest, deletion_id: UUID) -> HttpResponse:
    """The request or the receipt: who, when, why, what goes and how that was verified."""
    shown = _get_deletion(request, deletion_id)
    if wants_part(request) and request.GET.get("from", shown.state) != shown.state:
        # All of the page changes with the state: the heading, the certificate.
        return HttpResponseClientRefresh()
    return _show(request, shown, _build_confirm_form(shown, None))


def _get_deletion(request: ConsoleRequest, deletion_id: UUID) -> Deletion:
    people = ("tenant", "requested_by", "approved_by")
    deletions = Deletion.objects.of(request.tenant).select_related(*people)
    return get_object_or_404(deletions, pk=deletion_id)


def _build_confirm_form(deletion: Deletion, posted: Any) -> ConfirmForm:
    form = ConfirmForm(posted)
    form.expect(deletion.tail, deletion.tenant, deletion.inventory)
    return form


def _show(request: ConsoleRequest, shown: Deletion, form: ConfirmForm) -> HttpResponse:
    """htmx gets the outcome alone, and asks again while the worker is at it."""
    slug = request.tenant.slug
    here = Q(tenant=request.tenant, profile_id=shown.profile_id)
    related = Deletion.objects.filter(here | Q(case=shown.case, case__isnull=False))
    visible = related.filter(tenant__in=Tenant.objects.visible_to(request.user))
    waiting = Deletion.objects.waiting_for(request.user)
    may_delete = request.actor.may(Permission.DELETE)
    context: dict[str, Any] = {
        "deletion": shown,
        "form": form,
        "is_yours": may_delete and waiting.filter(pk=shown.pk).exists(),
        "policy": DeletionPolicy.of(request.tenant),
        "related": visible.exclude(pk=shown.pk).select_related("tenant")[:PAGE_ROWS],
        "proof": read_certificate(shown),
        "segment": shown.erasure if shown.target.is_profile else None,
        "retry_url": shown.target.confirm_url(slug),
        # Where the item can be deleted after a merge.
        "merged_url": (
            shown.target.move_to(shown.canonical_id).confirm_url(slug)
            if shown.canonical_id
            else ""
        ),
    }
    waits = shown.state in {State.PREVIEWED, State.AWAITING}
    if waits and may_delete:
        context["found"] = take_inventory(shown.targets, request.actor)
        _log_preview(request, shown.target, context["found"])
    page, part = "deletions/deletion.html", "deletions/_verdict.html"
    return render_part(request, page, part, context)


@allow(Permission.VIEW_DELETIONS, logs="none: holds no customer's data")
def certificate(request: ConsoleRequest, deletion_id: UUID) -> HttpResponse:
    """As a file, signed: `manage.py verify_certificate` checks it."""
    shown = _get_deletion(request, deletion_id)
    if not shown.certificate:
        raise Http404
    name = f'attachment; filename="certificate-{shown.pk}.json"'
    headers = {"Content-Disposition": name}
    return HttpResponse(shown.certificate, "application/json", headers=headers)


@allow(Permission.DELETE, POST, logs=STEPS)
def move_deletion(
    request: ConsoleRequest, deletion_id: UUID, move: str
) -> HttpResponse:
    """Count again, confirm, approve, cancel: from the version that was shown. Or check
    what is not confirmed."""
    shown, actor = _get_deletion(request, deletion_id), request.actor
    seen = request.POST.get("inventory", "")
    page = reverse("deletions:deletion", args=[request.tenant.slug, shown.pk])
    typed = move == "confirm"
    if move in {"confirm", "approve"} and (
        asked := ask_who_it_is(request, page, typed=typed)
    ):
        return asked
    if move == "check":
        if shown.shown_state == State.UNKNOWN:
            steps.advance(shown, actor)
    elif request.POST.get("version") != str(shown.version):
        messages.warning(request, "It has moved on. Nothing was changed by you.")
    elif move == "confirm":
        form = _build_confirm_form(shown, request.POST)
        if not form.is_valid():
            return _show(request, shown, form)
        services.submit(shown, actor, seen)
        shown = _find_next(request, shown) or shown
    elif move == "approve":
        services.approve(shown, actor, seen)
    elif move == "cancel":
        services.cancel(shown, actor)
    elif move == "count":
        services.recount(shown, actor)
    else:
        raise Http404
    return _redirect_to_receipt(shown)


def _find_next(request: ConsoleRequest, done: Deletion) -> Deletion | None:
    """What the same person confirms next of the same letter."""
    if done.case is None or done.state == State.PREVIEWED:
        return None
    waiting = Deletion.objects.waiting_for(request.user).filter(case=done.case)
    visible = waiting.filter(tenant__in=Tenant.objects.visible_to(request.user))
    found = visible.filter(state=State.PREVIEWED).select_related("tenant").first()
    if found:
        said = f"…{done.tail} is requested. This is the next of the same letter."
        messages.success(request, said)
    return found


@allow(Permission.CHANGE_DELETION_POLICY, FORM, logs="deletion.arranged")
def policy(request: ConsoleRequest) -> HttpResponse:
    """Who approves and how long it can be cancelled: an operator says so, since the
    officers are whom it binds."""
    shown = DeletionPolicy.of(request.tenant)
    above = NOBODY if shown.approval_above is None else shown.approval_above
    now = {"approval_above": above, "cool_off_hours": shown.cool_off_hours}
    form = PolicyForm(request=request, initial=now)
    if form.is_valid():
        above = form.asked["approval_above"]
        with transaction.atomic():
            DeletionPolicy.objects.update_or_create(
                tenant=request.tenant, defaults=form.asked
            )
            log(
                request.actor,
                "deletion.arranged",
                "tenant",
                str(request.tenant.pk),
                reason=form.reason,
                approval_above="" if above is None else above,
                cool_off_hours=form.asked["cool_off_hours"],
            )
        messages.success(request, "Saved. Requests under way keep the former policy.")
        return redirect("deletions:policy", request.tenant.slug)
    return render_form(request, "deletions/policy.html", {"form": form})
