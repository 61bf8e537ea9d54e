"""People who work here, for operators: the list, one person, and what can be changed."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from allauth.account.forms import SetPasswordForm
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from console.accounts.models import User
from console.audit.log import log_view
from console.audit.models import ActionKind, AuditEntry, list_action_names
from console.pages.people import services
from console.pages.people.services import NO_ROLE
from console.tenants.actor import Permission
from console.tenants.models import Membership, Role, Tenant
from console.web.access import FORM, allow
from console.web.forms import InvalidQuery, ReasonForm, check_plain
from console.web.render import ConsoleRequest, render_form
from console.web.session import list_sessions

EVERY_TENANT = "*"
PAGE_ROWS = 50
HISTORY_ROWS = 20
STATES = {
    "active": Q(is_active=True, is_staff=True),
    "disabled": Q(is_active=False) | Q(is_staff=False),
}


def list_tenants() -> list[tuple[str, str]]:
    return [
        ("", "Choose"),
        (EVERY_TENANT, "Every tenant (operators), or those they add (engineers)"),
        *Tenant.objects.order_by("name", "slug").values_list("slug", "name"),
    ]


class PersonForm(ReasonForm):
    """Why an account is changed."""


class RoleForm(PersonForm):
    """One role, for one tenant or for all."""

    tenant = forms.ChoiceField(choices=list_tenants)
    role = forms.ChoiceField(choices=[("", "Choose"), *Role.choices])
    field_order: tuple[str, ...] = ("tenant", "role", "reason_code", "ticket")

    def clean_tenant(self) -> Tenant | None:
        slug: str = self.cleaned_data["tenant"]
        return None if slug == EVERY_TENANT else Tenant.objects.get(slug=slug)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        everywhere = "tenant" in cleaned and cleaned["tenant"] is None
        wanted = {None, NO_ROLE, *Membership.INSTALLATION}
        if everywhere and cleaned.get("role") not in wanted:
            words = (
                "Only operators and onboarding engineers have a role without a tenant."
            )
            self.add_error("role", words)
        return cleaned


class InviteForm(RoleForm):
    """Somebody new, with a first role."""

    email = forms.EmailField(
        label="Email address", max_length=254, help_text="They sign in with it."
    )
    name = forms.CharField(
        max_length=80,
        validators=[check_plain],
        help_text="As your colleagues know them.",
    )
    field_order = ("email", "name", "tenant", "role", "reason_code", "ticket")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].strip().casefold()
        if User.objects.filter(email=email).exists():
            raise ValidationError(
                "This person is here already: change the role on their page."
            )
        return email


class OtherRoleForm(RoleForm):
    role = forms.ChoiceField(
        choices=[("", "Choose"), *Role.choices, (NO_ROLE, "No role")],
        help_text="It replaces the role that the person has there now.",
    )


class AccountChange(msgspec.Struct, frozen=True):
    title: str
    explanation: str
    done: str = ""
    states: tuple[str, ...] = ("active", "disabled")
    danger: bool = False


CHANGES = msgspec.toml.decode(
    Path(__file__).with_name("changes.toml").read_bytes(),
    type=dict[str, AccountChange],
)
RUN: dict[str, Callable[..., User]] = {
    "role": services.change_role,
    "sign-out": services.sign_out,
    "reset": services.reset,
    "disable": partial(services.set_active, is_active=False),
    "enable": partial(services.set_active, is_active=True),
}


def find_people() -> QuerySet[Any]:
    """With their roles, and whether they have a second factor, as `secured`."""
    factors = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    roles = Membership.objects.select_related("tenant").order_by(
        "tenant__name", "tenant__slug"
    )
    return (
        User.objects.annotate(secured=Exists(factors.filter(user=OuterRef("pk"))))
        .prefetch_related(Prefetch("memberships", roles))
        .order_by("name", "email")
    )


@allow(Permission.MANAGE_PEOPLE, logs="none: colleagues and their roles")
def list_people(request: ConsoleRequest) -> HttpResponse:
    """By name; of one state, or whose name or address has these letters."""
    state, wanted = request.GET.get("state", ""), request.GET.get("q", "").strip()
    if state and state not in STATES:
        raise InvalidQuery(f"state: must be one of {', '.join(STATES)}")
    people = find_people().filter(STATES.get(state, Q()))
    if wanted:
        people = people.filter(Q(name__icontains=wanted) | Q(email__icontains=wanted))
    page = Paginator(people, PAGE_ROWS).get_page(request.GET.get("page"))
    context = {
        "state": state,
        "wanted": wanted,
        "counts": {
            name: User.objects.filter(which).count() for name, which in STATES.items()
        },
        "page": page,
        "filters": "&" + urlencode({"state": state, "q": wanted}),
    }
    return render(request, "people/list.html", context)


@allow(Permission.MANAGE_PEOPLE, logs="audit.read")
def detail(request: ConsoleRequest, user_id: int) -> HttpResponse:
    """One person: roles, sessions, and what was changed about them."""
    person = get_object_or_404(find_people(), pk=user_id)
    log_view(request.actor, "audit.read", person)
    # By tenant: the index of the log begins with it.
    history = AuditEntry.objects.filter(
        tenant__in=["", *Tenant.ever.values_list("slug", flat=True)],
        object_type="user",
        object_id=str(person.pk),
        action__in=list_action_names(ActionKind.CONFIG),
    )
    state = "active" if person.may_sign_in else "disabled"
    offered = {name: each for name, each in CHANGES.items() if state in each.states}
    context = {
        "person": person,
        "sessions": len(list_sessions(person)),
        "changes": {} if person == request.user else offered,
        "history": history.select_related("reason").order_by("-seq")[:HISTORY_ROWS],
    }
    return render(request, "people/person.html", context)


@allow(Permission.MANAGE_PEOPLE, FORM, logs="user.added")
def invite(request: ConsoleRequest) -> HttpResponse:
    """Answered by the link that the new person sets a password with."""
    form = InviteForm(request=request)
    if form.is_valid():
        try:
            person = services.invite(**form.asked, by=request.actor, reason=form.reason)
        except ValidationError as exc:
            form.add_error(None, exc)
        else:
            return _show_link(request, person.pk)
    return render_form(request, "people/invite.html", {"form": form})


def _show_link(request: ConsoleRequest, user_id: int) -> HttpResponse:
    """Once: it is in this answer and nowhere else."""
    person = User.objects.get(pk=user_id)
    # In the query, which no log of ours has.
    query = urlencode({"link": services.make_link_code(person)})
    context = {
        "person": person,
        "link": request.build_absolute_uri(f"{reverse('account_welcome')}?{query}"),
        "days": settings.PASSWORD_RESET_TIMEOUT // 86_400,
    }
    return render(request, "people/link.html", context)


@login_not_required
@sensitive_post_parameters("password1", "password2")
@require_http_methods(FORM)
def welcome(request: HttpRequest) -> HttpResponse:
    """Where a one-time link leads: its owner sets a password."""
    code = request.GET.get("link", "")
    person = services.find_by_link(code)
    form = SetPasswordForm(user=person, data=request.POST or None)
    if form.is_valid():
        services.use_link(code, form.cleaned_data["password1"])
        messages.success(request, "Your password is set. Sign in with it.")
        return redirect("account_login")
    context = {"form": form, "person": person}
    return render_form(request, "people/welcome.html", context)


@allow(
    Permission.MANAGE_PEOPLE,
    FORM,
    logs="role.changed session.ended user.disabled user.enabled user.reset",
)
def change(request: ConsoleRequest, user_id: int, name: str) -> HttpResponse:
    """Why is asked first, and audited."""
    act = CHANGES.get(name)
    if act is None:
        raise Http404
    person = get_object_or_404(User, pk=user_id)
    kind = OtherRoleForm if name == "role" else PersonForm
    form = kind(request=request, initial={"tenant": request.GET.get("tenant")})
    if form.is_valid():
        RUN[name](person.pk, by=request.actor, reason=form.reason, **form.asked)
        if name == "reset":
            return _show_link(request, person.pk)
        messages.success(request, f"{person.name}: {act.done}")
        return redirect("people:detail", person.pk)
    context = {"person": person, "act": act, "form": form}
    return render_form(request, "people/change.html", context)
