"""The audit log for those who may read it: a tenant's, and what belongs to no customer.
Reading it is itself logged."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import ordinal
from django.db import InterfaceError, OperationalError
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.module_loading import import_string

from console.accounts.models import User
from console.audit.log import OBJECT_ID, log_view
from console.audit.models import (
    ACTIONS,
    BULK_ROWS,
    ActionKind,
    AuditAction,
    AuditCheckpoint,
    AuditEntry,
    AuditEntryQuerySet,
    IsBulk,
    IsProgramWrite,
    list_action_names,
)
from console.tenants.actor import Permission, get_installation_role, may
from console.tenants.models import Role, Tenant
from console.web.access import allow
from console.web.forms import ConsoleForm
from console.web.render import ConsoleRequest, render_part
from console.web.times import DayField, get_day_start

SHIFT_FROM, SHIFT_TO = 7, 19
LATE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class LogQuestion:
    """A saved view: entries of these actions to which the condition applies.

    rare  each by an index of its own: these are looked up first, since walking a log of
          a million for three of them takes half a second
    """

    label: str
    actions: Collection[str]
    condition: Q | None = None
    rare: tuple[Q, ...] = ()

    @property
    def q(self) -> Q:
        asked = Q(action__in=self.actions)
        if self.condition:
            return asked & self.condition
        first, *more = self.rare or [asked]
        chosen = AuditEntry.objects.filter(first).values("pk")
        others = [AuditEntry.objects.filter(each).values("pk") for each in more]
        return asked & Q(pk__in=chosen.union(*others, all=True) if others else chosen)


READS = list_action_names(ActionKind.READ)
QUESTIONS = {
    "looks": LogQuestion("Who looked at customers", READS, ~Q(profile_id="")),
    "unticketed": LogQuestion(
        "Reveals without a ticket",
        ["value.revealed"],
        Q(outcome="done") & ~Q(reason__text__contains="ticket "),
    ),
    "bulk": LogQuestion(
        f"Exports, and reads of {BULK_ROWS} rows or more",
        READS,
        rare=(
            Q(action__in=[name for name in READS if name.endswith(".exported")]),
            Q(IsBulk("details")),
        ),
    ),
    "deletions": LogQuestion(
        "Deletions and who approved them",
        [name for name in ACTIONS if name.startswith("deletion") or "deleted" in name],
    ),
    "rights": LogQuestion(
        "People, roles and keys",
        [name for name in ACTIONS if re.match("user|role|key|account|token", name)],
    ),
    "sign_ins": LogQuestion("Failed sign-ins", ["session.refused", "key.refused"]),
    "off_shift": LogQuestion(
        f"Outside {SHIFT_FROM}:00 to {SHIFT_TO}:00, Monday to Friday, on your clock",
        ACTIONS,
        ~Q(actor="")
        & ~Q(role="program")
        & (
            Q(at__hour__lt=SHIFT_FROM)
            | Q(at__hour__gte=SHIFT_TO)
            | Q(at__week_day__in=[1, 7])
        ),
    ),
    "reviews": LogQuestion(
        "Reveals reviewed", ["reveal.approved", "reveal.questioned", "reveal.answered"]
    ),
}


class AuditFilterForm(ConsoleForm):
    """`since` and `until` are whole days of the viewer, both included."""

    use_required_attribute = False

    question = forms.ChoiceField(required=False)
    person = forms.CharField(
        required=False, max_length=254, help_text="Email address, or an API key."
    )
    since = DayField(label="From")
    until = DayField(label="To")
    action = forms.ChoiceField(required=False)
    outcome = forms.ChoiceField(required=False)
    object_id = forms.RegexField(
        rf"\A{OBJECT_ID.pattern}\Z",
        required=False,
        label="Id",
        help_text="Of a customer, or of what was acted on.",
        error_messages={"invalid": "Must be an id such as mem_profile_01k…"},
    )
    mine = forms.BooleanField(required=False, label="Show my own reading of the log")
    programs = forms.BooleanField(required=False, label="Show what programs write")
    counts = forms.BooleanField(required=False, widget=forms.HiddenInput)
    before = forms.IntegerField(
        required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, actions: list[AuditAction], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = {action.name for action in actions}
        choices = {
            "question": [
                (name, question.label)
                for name, question in QUESTIONS.items()
                if names.intersection(question.actions)
            ],
            "action": [(action.name, action.text) for action in actions],
            "outcome": AuditEntry.Outcome.choices,
        }
        for name, offered in choices.items():
            self.fields[name].choices = [("", "All"), *offered]  # type: ignore[attr-defined]

    def clean_person(self) -> str:
        person: str = self.cleaned_data["person"]
        return person.casefold() if "@" in person else person

    def clean_until(self) -> date | None:
        until: date | None = self.cleaned_data["until"]
        if until == date.max:
            raise forms.ValidationError("Must be before 31 Dec 9999.")
        return until

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", "Must not be before From.")

    @property
    def uses_more(self) -> bool:
        """Whether one of those is set that come after the four of every day."""
        return any(field.data for field in self.visible_fields()[4:])

    @property
    def shows_programs(self) -> bool:
        given = self.cleaned_data
        return bool(given["programs"]) or given["action"] == "program.wrote"

    @property
    def used(self) -> list[str]:
        """The names of the filters that are set."""
        return [name for name, value in self.cleaned_data.items() if value]

    @property
    def query(self) -> str:
        """The filters as a query string, without the place in the list."""
        asked = [name for name in self.used if name not in {"before", "counts"}]
        return urlencode({name: self.data.get(name) for name in asked})


@allow(Permission.VIEW_AUDIT, logs="audit.read")
def list_entries(request: ConsoleRequest) -> HttpResponse:
    """Newest first; htmx gets the filters and the rows."""
    entries = list_readable_entries(request.tenant, request.role)
    return _show_log(request, entries, list_readable_actions(request.role))


@allow(Permission.VIEW_CONFIGURATION_EVENTS, logs="audit.read")
def list_installation(request: ConsoleRequest) -> HttpResponse:
    """Of all tenants and of none, what is about no customer: who signed in or was
    refused, people, roles, keys, settings."""
    actions = _list_actions(*INSTALLATION_KINDS)
    return _show_log(request, list_installation_entries(request), actions, of_all=True)


def _show_log(
    request: ConsoleRequest,
    entries: AuditEntryQuerySet,
    actions: list[AuditAction],
    *,
    of_all: bool = False,
) -> HttpResponse:
    form = AuditFilterForm(request.GET, actions=actions)
    signed = AuditCheckpoint.objects.order_by("-size").first()
    context: dict[str, Any] = {"form": form, "of_all": of_all, "signed": signed}
    try:
        context["waiting"], since = import_string(settings.PROGRAMS_WAITING)()
    except (OperationalError, InterfaceError):  # their database: the log is another's
        since, context["waiting_unknown"] = None, True
    # A worker takes them each second.
    if since and timezone.now() - since > LATE:
        context["waiting_since"] = since
    if form.is_valid():
        log_view(request.actor, "audit.read", filters=" ".join(form.used) or "none")
        found = filter_entries(entries, form.cleaned_data)
        if not form.cleaned_data["mine"]:
            own = str(request.user.pk)
            found = found.exclude(action="audit.read", actor_id=own)
        if not (of_all or form.shows_programs):
            written = found.filter(IsProgramWrite("action"))
            if count := written[:COUNTED].count():
                context["hidden"] = f"{count:,}" + " or more" * (count == COUNTED)
            found = found.filter(~Q(IsProgramWrite("action")))
        context["page"] = build_page(found, form.cleaned_data["before"])
        if form.cleaned_data["counts"]:
            context["counts"] = count_newest(found)
    return render_part(request, "audit/list.html", "audit/_log.html", context)


@allow(Permission.VIEW_AUDIT, logs="audit.read")
def entry(request: ConsoleRequest, seq: int) -> HttpResponse:
    """One entry with its reason and its place in the chain."""
    readable = Q(pk__in=list_readable_entries(request.tenant, request.role))
    if may(request.role, Permission.VIEW_CONFIGURATION_EVENTS):
        readable |= Q(pk__in=list_installation_entries(request))
    entries = AuditEntry.objects.select_related("reason").filter(seq=seq)
    shown = get_object_or_404(entries.filter(readable))
    log_view(request.actor, "audit.read", "entry", str(seq))
    context = {"entry": shown, "details": list_details(shown)}
    return render(request, "audit/entry.html", context)


PAGE_ROWS = 50

Details = list[tuple[str, int | str]]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Newest first; `older_than` is the number to go on below, None at the end."""

    rows: list[tuple[AuditEntry, Details]]
    older_than: int | None


def list_readable_entries(tenant: Tenant, role: Role) -> AuditEntryQuerySet:
    """The tenant's entries that someone in `role` may read."""
    entries = AuditEntry.objects.of(tenant)
    if not may(role, Permission.VIEW_CONFIGURATION_EVENTS):
        entries = entries.exclude(action__in=list_action_names(ActionKind.CONFIG))
    if not may(role, Permission.VIEW_ACCESS_EVENTS):
        entries = entries.filter(action__in=list_action_names(ActionKind.CONFIG))
    return entries


# What can stand in a tenant's log, beside what was denied there.
TENANT_KINDS = {ActionKind.CHANGE, ActionKind.READ, ActionKind.SYSTEM}
INSTALLATION_KINDS = {ActionKind.AUTH, ActionKind.CONFIG, ActionKind.INSTALLATION}


def list_installation_entries(request: ConsoleRequest) -> AuditEntryQuerySet:
    """Of other tenants too for an operator of all."""
    names = [action.name for action in _list_actions(*INSTALLATION_KINDS)]
    entries = AuditEntry.objects.filter(action__in=names)
    if get_installation_role(request.user) == Role.OPERATOR:
        return entries
    return entries.filter(tenant__in=["", request.tenant.slug])


def list_readable_actions(role: Role) -> list[AuditAction]:
    """The actions of those entries, by label."""
    kinds = set[ActionKind]()
    if may(role, Permission.VIEW_ACCESS_EVENTS):
        kinds |= TENANT_KINDS
    if may(role, Permission.VIEW_CONFIGURATION_EVENTS):
        kinds.add(ActionKind.CONFIG)
    denied = [ACTIONS["access.denied"]] * (ActionKind.READ in kinds)
    return sorted([*_list_actions(*kinds), *denied], key=lambda action: action.text)


def _list_actions(*kinds: ActionKind) -> list[AuditAction]:
    found = [action for action in ACTIONS.values() if action.kind in kinds]
    return sorted(found, key=lambda action: action.text)


def filter_entries(
    entries: AuditEntryQuerySet, filters: dict[str, Any]
) -> AuditEntryQuerySet:
    """`filters` is AuditFilterForm's cleaned data."""
    lookups = {
        "action": filters["action"],
        "actor": filters["person"],
        "outcome": filters["outcome"],
        "at__gte": get_day_start(filters["since"]),
        "at__lt": get_day_start(filters["until"], days_later=1),
    }
    found = entries.filter(**{name: value for name, value in lookups.items() if value})
    if question := QUESTIONS.get(filters["question"]):
        found = found.filter(question.q)
    if id_ := filters["object_id"]:
        # Of a customer everything, and of entries of version 1 what names them itself.
        of_profile = entries.filter(profile_id=id_).values("pk")
        on_object = entries.filter(object_id=id_).values("pk")
        found = found.filter(pk__in=of_profile.union(on_object, all=True))
    return found


def build_page(entries: AuditEntryQuerySet, before: int | None) -> EntryPage:
    """In one query, and one for the names of the people who were acted on."""
    if before:
        entries = entries.filter(seq__lt=before)
    rows = list(entries.order_by("-seq")[: PAGE_ROWS + 1])
    acted_on = [entry for entry in rows if entry.object_type == "user"]
    people = User.objects.in_bulk({int(entry.object_id) for entry in acted_on})
    page = []
    for entry in rows[:PAGE_ROWS]:
        details = [(n, v) for n, v in list_details(entry) if v != 0 and n != "intent"]
        person = people.get(int(entry.object_id)) if entry in acted_on else None
        # Who signs in or changes a password is named beside it already.
        if person and person.email != entry.actor:
            details.insert(0, ("person", person.email))
        page.append((entry, details))
    return EntryPage(page, page[-1][0].seq if len(rows) > PAGE_ROWS else None)


COUNTED, COUNTS_SHOWN = 20_000, 31


@dataclass(frozen=True, slots=True)
class Counts:
    """Of the newest entries, COUNTED at most: by day, by what and by whom."""

    total: int
    days: list[tuple[date, int]]
    actions: list[tuple[str, int]]
    people: list[tuple[str, int]]


def count_newest(entries: AuditEntryQuerySet) -> Counts:
    rows = entries.order_by("-seq").values_list("at", "action", "actor")[:COUNTED]
    days, actions, people = Counter[date](), Counter[str](), Counter[str]()
    for at, action, actor in rows:
        days[timezone.localtime(at).date()] += 1
        actions[AuditEntry(action=action).definition.text] += 1
        people[actor or "nobody signed in"] += 1
    newest = sorted(days.items())[-COUNTS_SHOWN:]
    most = (counter.most_common(COUNTS_SHOWN) for counter in (actions, people))
    return Counts(days.total(), newest, *most)


def list_details(entry: AuditEntry) -> Details:
    """The details by name; a deletion's id has a link of its own."""
    details = dict(entry.details)
    details.pop("deletion", None)
    if "act" in details:
        details["act"] = describe_permission(details["act"])
    if entry.action == "value.revealed" and "hour" in details:
        hour = details.pop("hour")
        is_done = entry.outcome == entry.Outcome.DONE
        details["number"] = (
            f"{ordinal(hour)} reveal of this hour"
            if is_done
            else f"{hour} reveals in this hour"
        )
    return [(name.replace("_", " "), value) for name, value in details.items()]


def describe_permission(name: str) -> str:
    """`view deletions` for VIEW_DELETIONS; a former name is shown as it is."""
    return Permission[name].value if name in Permission.__members__ else name
