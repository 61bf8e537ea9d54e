"""What an onboarding begins with, and its plan as text."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from msgspec.structs import asdict

from console.accounts.models import User
from console.client.network import EMBEDDED
from console.contract.base import whole
from console.contract.ids import ACCOUNT_SID
from console.core.errors import DomainError
from console.pages.onboarding.accounts import KnownAccount
from console.pages.onboarding.copying import copy_tenant
from console.pages.onboarding.plan import (
    BYTES_MAX,
    AccountToOpen,
    Plan,
    build_legal_name,
    build_slug,
    list_shipped,
    read_plan,
)
from console.tenants.models import SLUG, Tenant
from console.web.forms import AddressForm, ConsoleForm, StaffTextField, TokenField

NEW, OTHER, COPY = "new", "other", "copy:"
PLAIN = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class BeginForm(AddressForm):
    """A client, whose account, and what they are set up like.

    account  of `known`, NEW or OTHER; template: a shipped one, or COPY and a slug
    """

    name = StaffTextField(
        label="Client",
        max_length=80,
        help_text="As your colleagues know them.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )
    account = forms.ChoiceField(label="Account")
    account_sid = forms.RegexField(
        whole(ACCOUNT_SID),
        label="Account SID",
        max_length=34,
        required=False,
        error_messages={"invalid": "An account SID is AC and 32 of 0-9 and a-f."},
        widget=PLAIN,
    )
    secret = TokenField(required=False)
    account_name = StaffTextField(
        label="Name of the new account",
        max_length=64,
        required=False,
        help_text="Empty: the client's.",
    )
    owner = forms.ChoiceField(label="Sub-account of", required=False)
    template = forms.ChoiceField(
        label="Template",
        help_text="What it says can be changed before anything is done.",
    )
    store = forms.RegexField(
        r"^[a-zA-Z0-9-]+\Z",
        label="Store name",
        max_length=64,
        required=False,
        error_messages={"invalid": "Letters, digits and hyphens only."},
        help_text="Letters, digits and hyphens. Empty: made of the client's name.",
        widget=PLAIN,
    )
    slug = forms.RegexField(
        SLUG,
        label="Name in web addresses",
        max_length=40,
        required=False,
        error_messages={"invalid": "Use a-z, 0-9 and hyphens only."},
        help_text="a-z, 0-9 and hyphens; cannot be changed later. Empty: made of the"
        " client's name.",
        widget=PLAIN,
    )
    adopt = forms.BooleanField(
        label="The account has this store already: use it", required=False
    )
    other_fields = ("account_sid", "secret", "address")
    new_fields = ("account_name", "owner")
    name_fields = ("store", "slug", "adopt")

    def __init__(
        self, data: Any, *, known: list[KnownAccount], user: User, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        self.known = {account.key: account for account in known}
        own = [(key, account.label) for key, account in self.known.items()]
        opens = settings.MEMORY_URL == EMBEDDED
        news = [(NEW, "Open a new account of the built-in memory")] if opens else []
        self.fields["account"].choices = [*own, *news, (OTHER, "Another account")]  # type: ignore[attr-defined]
        # An account that other clients are in is chosen, never met by default.
        self.initial.setdefault("account", NEW if opens else "")
        owners = [(a.sid, a.label) for a in known if a.is_built_in and not a.owner]
        self.fields["owner"].choices = [("", "No other account"), *owners]  # type: ignore[attr-defined]
        copies = Tenant.objects.visible_to(user).order_by("name")
        self.fields["template"].choices = [  # type: ignore[attr-defined]
            ("Templates", [(name, get_title(name)) for name in list_shipped()]),
            (
                "Like a tenant",
                [
                    (f"{COPY}{slug}", name)
                    for slug, name in copies.values_list("slug", "name")
                ],
            ),
        ]
        self.fields["template"].initial = "text-and-voice"

    def clean(self) -> None:
        given = self.cleaned_data
        if given.get("account") == OTHER:
            for name in ("account_sid", "secret"):
                if not given.get(name) and name not in self.errors:
                    self.add_error(name, f"{self.fields[name].label} is required.")
        if client := given.get("name"):
            given["store"] = given.get("store") or build_legal_name(client)
            given["slug"] = given.get("slug") or build_slug(client)
            for field in ("store", "slug"):
                if not given[field] and field not in self.errors:
                    self.add_error(
                        field,
                        "Nothing of the name can be a letter, digit or hyphen here.",
                    )
        if not self.errors:
            self._build_plan()

    def _build_plan(self) -> None:
        given = self.cleaned_data
        account = self.known.get(given["account"])
        fields: dict[str, Any] = {
            name: given[name] for name in ("name", *self.name_fields)
        }
        if account:
            fields |= {"account": account.sid, "address": account.address}
        elif given["account"] == OTHER:
            fields |= {"account": given["account_sid"], "address": given["address"]}
        else:
            named = given["account_name"] or given["name"][:64]
            fields["opens"] = AccountToOpen(name=named, owner=given["owner"] or None)
        try:
            self.plan = Plan(**fields, **get_template(given["template"]))
        except (DomainError, ValueError) as problem:
            self.add_error("template", getattr(problem, "message", str(problem)))


def get_template(chosen: str) -> dict[str, Any]:
    """A shipped one by its name; a tenant's written out, as that goes on changing."""
    if not chosen.startswith(COPY):
        return {"template": chosen}
    tenant = Tenant.objects.get(slug=chosen.removeprefix(COPY))
    return asdict(copy_tenant(tenant))


def get_title(template: str) -> str:
    return template.replace("-", " ").capitalize()


class PlanForm(ConsoleForm):
    """The plan as YAML; valid, it is `read`."""

    plan = forms.CharField(
        label="Plan",
        max_length=BYTES_MAX,
        strip=False,
        widget=forms.Textarea(
            attrs={"spellcheck": "false", "class": "code", "autofocus": True}
        ),
    )

    def clean_plan(self) -> Plan:
        text: str = self.cleaned_data["plan"]
        try:
            return read_plan(text.encode())
        except DomainError as problem:
            raise ValidationError(problem.message) from problem
