"""What the shell around every page shows: tenant, role, navigation."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from console.accounts.models import User
from console.tenants.actor import Actor, Permission, may
from console.tenants.models import Role, Tenant
from console.web.render import get_tenant_slug, is_boosted
from console.web.session import ROLES, OpenSession, get_person_key, list_sessions
from console.web.times import ZoneForm

# Label, icon, permission, URL name; the item whose address begins this one is the current.
TENANT_PAGES = (
    ("Home", "home", Permission.OPEN_TENANT, "tenant_home"),
    ("Profiles", "users", Permission.VIEW_PROFILES, "customers:list"),
    (
        "Conversations",
        "chat-bubble-left-right",
        Permission.VIEW_PROFILES,
        "conversations:list",
    ),
    ("Traits", "tag", Permission.VIEW_PROFILES, "traits:groups"),
    ("Recall", "sparkles", Permission.RUN_RECALL, "recall:run"),
    ("Knowledge", "book-open", Permission.VIEW_KNOWLEDGE, "knowledge:overview"),
    ("Merges", "arrows-right-left", Permission.JUDGE_MERGES, "merges:list"),
    ("Deletions", "trash", Permission.VIEW_DELETIONS, "deletions:list"),
    ("Retention", "clock", Permission.HOLD, "keeping:overview"),
    ("Imports", "arrow-up-tray", Permission.IMPORT_PROFILES, "imports:list"),
    ("Audit", "clipboard-document-list", Permission.VIEW_AUDIT, "audit:list"),
)
# Pages without an item are below the first of these that is there, in these folders.
PARENTS, FOLDERS = (
    ("Conversations", "Tenants"),
    ("ci", "deletions", "onboarding", "segment"),
)
# Whom the API is for; others find it in the documents.
PROGRAMMERS = {Role.DEVELOPER, Role.OPERATOR, Role.ENGINEER}
# On a phone a bar has room for this many; where there are more, for one less, these first.
BAR_MAX = 5
BAR = (
    "Home",
    "Profiles",
    "Recall",
    "Deletions",
    "Conversations",
    "Imports",
    "Tenants",
    "People",
)


@dataclass(frozen=True, slots=True)
class NavItem:
    """leaves  a real load: the page has a rail, or a style sheet, of its own
    folds   on a phone it is behind More"""

    label: str
    icon: str
    url: str
    current: bool
    leaves: bool
    folds: bool = False


class Shell:
    """Reads nothing until a template asks; signed out, everything is empty."""

    def __init__(self, request: HttpRequest) -> None:
        """user                 who is signed in
        tenant, role         those that this address names
        must_set_up          only the pages of the person's own account are open
        All are missing where the request was refused before they were known.
        """
        self._request = request
        self.user: User | None = getattr(request, "user", None)
        self.tenant: Tenant | None = getattr(request, "tenant", None)
        self.role: Role | None = getattr(request, "role", None)
        self.must_set_up: bool = getattr(request, "must_set_up", False)
        self.second_factor_required: bool = getattr(
            request, "second_factor_required", False
        )

    version = settings.VERSION

    @property
    def frame(self) -> str:
        """The frame of a page: base.html extends it."""
        return "boosted.html" if is_boosted(self._request) else "document.html"

    @property
    def person(self) -> str:
        """Whose page this is, in a word that names nobody."""
        return get_person_key(self.user)

    @cached_property
    def tenants(self) -> list[Tenant]:
        """Every tenant where the person has a role, by name; none while they have to set
        up a second factor."""
        if self._person is None:
            return []
        return list(Tenant.objects.visible_to(self._person).order_by("name", "slug"))

    @property
    def roles(self) -> set[Role]:
        """Those that the person has anywhere; told without a query, also where there is
        no tenant yet."""
        kept = self._request.session.get(ROLES, []) if self._person else []
        return {Role(role) for _, role in kept}

    @property
    def _person(self) -> User | None:
        """Who may see tenants: nobody who has to set up a second factor."""
        is_in = self.user is not None and self.user.is_authenticated
        return self.user if is_in and not self.must_set_up else None

    @property
    def zone_form(self) -> ZoneForm:
        return ZoneForm(initial={"time_zone": getattr(self.user, "time_zone", "")})

    @cached_property
    def sessions(self) -> list[OpenSession]:
        """The person's own, for their account page."""
        key = self._request.session.session_key
        return list_sessions(self.user, key) if self.user else []

    @property
    def role_label(self) -> str:
        return self.role.label if self.role else ""

    @property
    def may_find(self) -> bool:
        """Here; outside a tenant, in any."""
        roles = [self.role] if self.tenant else self.roles
        return any(may(role, Permission.VIEW_PROFILES) for role in roles)

    @property
    def is_operator(self) -> bool:
        """Of every tenant; told without a query, also where there is no tenant yet."""
        if self._person is None:
            return False
        return ["", Role.OPERATOR] in self._request.session.get(ROLES, [])

    @cached_property
    def nav(self) -> list[NavItem]:
        """The pages this person may open, tenant's pages first."""
        items = []
        if self.roles and not self.tenant:
            items.append(self._build_item("Home", "home", "home"))
        if self.tenant:
            items = [
                self._build_item(label, icon, name, self.tenant.slug)
                for label, icon, permission, name in TENANT_PAGES
                if may(self.role, permission)
            ]
        items += self._list_beyond_tenant()
        match = self._request.resolver_match
        if not any(item.current for item in items) and match:
            for place, item in enumerate(items):
                if item.label in PARENTS and match.namespace in FOLDERS:
                    items[place] = replace(item, current=True)
                    break
        if len(items) <= BAR_MAX:
            return items
        has = {item.label for item in items}
        kept = [label for label in BAR if label in has][: BAR_MAX - 1]
        return [replace(item, folds=item.label not in kept) for item in items]

    def _list_beyond_tenant(self) -> Iterator[NavItem]:
        if self.roles & PROGRAMMERS:
            name, args = "reference:start", list[str]()
            if self.tenant:
                name, args = "reference:of_tenant", [self.tenant.slug]
            reference = self._build_item("API", "code-bracket", name, *args)
            # Never boosted: it would be seen for a moment without its style sheet.
            yield replace(reference, leaves=True)
        if self.roles:
            yield self._build_item("Tenants", "building-office-2", "tenants:list")
        if self.is_operator:
            yield self._build_item("People", "identification", "people:list")
            yield self._build_item("Tasks", "queue-list", "background:list")

    def _build_item(self, label: str, icon: str, name: str, *args: str) -> NavItem:
        url = reverse(name, args=args)
        path = self._request.path
        current = path == url if label == "Home" else path.startswith(url)
        match = self._request.resolver_match
        profile_id = match and match.kwargs.get("profile_id")
        if profile_id := profile_id or self._request.GET.get("profile"):
            customer = {"identity": profile_id, "mode": "query"}
            url += f"?{urlencode(customer)}" if name == "recall:run" else ""
        leaves = self.tenant is not None and get_tenant_slug(url) != self.tenant.slug
        return NavItem(label, icon, url, current, leaves)


class Permissions:
    """What the person may do here, by the names of permissions: `{% if may.CORRECT %}`."""

    def __init__(self, actor: Actor | None) -> None:
        self._actor = actor

    def __getitem__(self, name: str) -> bool:
        return self._actor is not None and self._actor.may(Permission[name])


def shell(request: HttpRequest) -> dict[str, Shell | Permissions]:
    may = Permissions(getattr(request, "actor", None))
    return {"shell": Shell(request), "may": may}
