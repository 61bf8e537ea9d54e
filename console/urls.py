"""Every address of the console; /v1 is the memory's own (console/wsgi.py),
/healthz and /readyz are answered by console/web/middleware.py."""

from collections.abc import Callable
from typing import Any

from allauth.account import views as account
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, include, path

from console.pages.audit import proof, review
from console.pages.audit import views as audit
from console.pages.background import views as background
from console.pages.canary import views as canary
from console.pages.ci import runs
from console.pages.ci import views as ci
from console.pages.ci.models import Job
from console.pages.conversations import rules, trying
from console.pages.conversations import views as conversations
from console.pages.customers import views as customers
from console.pages.deletions import views as deletions
from console.pages.display import views as display
from console.pages.doctor import views as doctor
from console.pages.drift import views as drift
from console.pages.find import views as find
from console.pages.home import views as home
from console.pages.imports import feeds
from console.pages.imports import views as imports
from console.pages.keeping import views as keeping
from console.pages.knowledge import freshness
from console.pages.knowledge import views as knowledge
from console.pages.merges import views as merges
from console.pages.onboarding import views as onboarding
from console.pages.people import views as people
from console.pages.recall import cases, ledger, marks, suites
from console.pages.recall import views as recall
from console.pages.reference import views as reference
from console.pages.reveals import views as reveals
from console.pages.segment import assistants, outbox
from console.pages.segment import views as segment
from console.pages.styleguide import views as styleguide
from console.pages.tenants import fleet
from console.pages.tenants import views as tenants
from console.pages.timeline.views import export, items, selection, timeline
from console.pages.traits import views as traits
from console.profiles import items as kinds
from console.tenants.actor import Permission
from console.web import problems, session, times

handler400 = problems.bad_request
handler403 = problems.forbidden
handler404 = problems.not_found
handler429 = problems.too_many_requests  # read by allauth
handler500 = problems.server_error

# Of allauth only what staff need: no sign-up, no email, no reset by mail.
account_patterns: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("welcome/", people.welcome, name="account_welcome"),
    path("password/", account.password_change, name="account_change_password"),
    path("time-zone/", times.set_time_zone, name="account_time_zone"),
    path("sessions/", session.end_own_sessions, name="account_end_sessions"),
    path("2fa/", include("allauth.mfa.urls")),
]

PROFILE = "profiles/<str:profile_id>"
TRAITS = f"{PROFILE}/traits"
OBSERVATION, SUMMARY = "observations/<str:observation_id>", "summaries/<str:summary_id>"
CONVERSATION, DELETION = "<str:conversation_id>", "deletions/<uuid:deletion_id>"


def pages(name: str, *patterns: URLPattern) -> Any:
    """Patterns whose names have a page folder's name before them."""
    return include((list(patterns), name))


def page(
    route: str,
    view: Callable[..., HttpResponseBase],
    kwargs: dict[str, Any] | None = None,
    name: str = "",
) -> URLPattern:
    """Called like its view, unless it has another name."""
    return path(route, view, kwargs, name=name or view.__name__)


find_pages = pages("find", page("find/", find.find), page("palette/", find.palette))
customers_pages = pages(
    "customers",
    page("", customers.list_profiles, name="list"),
    page("last/", customers.list_last, name="last"),
    page("<str:profile_id>/", customers.profile),
    *[
        page(
            f"<str:profile_id>/newest{part}/",
            customers.recent_items,
            {"kind": kind},
            name=f"recent_{kind}",
        )
        for kind, part in (("observation", ""), ("summary", "-summaries"))
    ],
)
timeline_pages = pages(
    "timeline",
    page("timeline/", timeline.timeline),
    page("timeline/density/", timeline.histogram),
    page("export/", export.export),
    page("selection/", selection.selection),
    # The same page, as it was called before.
    page("observations/", timeline.timeline, name="observations"),
    page("observations/add/", items.observation_add),
    page(
        f"{OBSERVATION}/correct/",
        items.correct,
        {"kind": kinds.OBSERVATION},
        name="observation_correct",
    ),
    page(f"{OBSERVATION}/", items.observation),
    page("summaries/", timeline.timeline, {"kind": "summary"}, name="summaries"),
    page(
        f"{SUMMARY}/correct/",
        items.correct,
        {"kind": kinds.SUMMARY},
        name="summary_correct",
    ),
    page(f"{SUMMARY}/", items.summary),
)
reveals_pages = pages(
    "reveals",
    page("reveal/<str:kind>/<str:ref>/", reveals.reveal_value, name="reveal"),
    page("hide/<str:kind>/<str:ref>/", reveals.hide_value, name="hide"),
    page("masked/<str:kind>/<str:ref>/", reveals.masked_value, name="masked"),
)
traits_pages = pages(
    "traits",
    page("traits/", traits.groups_page, name="groups"),
    page("traits/<str:group>/", traits.group_page, name="group"),
    page(f"{TRAITS}/", traits.traits, name="profile"),
    page(f"{TRAITS}/<str:group>/<str:trait>/", traits.trait),
    page(f"{TRAITS}/<str:group>/<str:trait>/correct/", traits.correct),
)
deletions_pages = pages(
    "deletions",
    # What is deleted keeps its own address.
    page(f"{PROFILE}/delete/", deletions.delete_profile, name="profile"),
    page(
        f"{PROFILE}/{OBSERVATION}/delete/",
        deletions.delete_observation,
        name="observation",
    ),
    page(f"{PROFILE}/{SUMMARY}/delete/", deletions.delete_summary, name="summary"),
    page(f"{PROFILE}/selection/delete/", deletions.delete_selection, name="selection"),
    page("deletions/", deletions.list_deletions, name="list"),
    page("deletions/add/", deletions.add_request, name="add"),
    page("deletions/policy/", deletions.policy),
    page(f"{DELETION}/", deletions.show_deletion, name="deletion"),
    page(f"{DELETION}/certificate/", deletions.certificate),
    page(f"{DELETION}/<str:move>/", deletions.move_deletion, name="move"),
)
keeping_pages = pages(
    "keeping",
    page("retention/", keeping.overview),
    page("retention/rules/", keeping.retention),
    page(f"{PROFILE}/hold/", keeping.set_hold),
    page(f"{PROFILE}/access/", keeping.ask_access),
    page("access/<uuid:package_id>/", keeping.access),
    page("retention/suppressions/<str:suppression_id>/", keeping.lift_suppression),
    page("retention/holds/<uuid:hold_id>/", keeping.lift_hold),
)
knowledge_pages = pages(
    "knowledge",
    page("", knowledge.overview),
    page("freshness/", freshness.freshness),
    page("add/", knowledge.add_base),
    page("<str:base_id>/add/", knowledge.add_source),
    page("<str:base_id>/remove/", knowledge.remove_base),
    page("<str:base_id>/<str:source_id>/", knowledge.source),
    page("<str:base_id>/<str:source_id>/<str:change>/", knowledge.change_source),
)
merges_pages = pages(
    "merges",
    page("", merges.list_merges, name="list"),
    page("suggestions/<str:suggestion_id>/", merges.decide),
    page("<str:profile_id>/", merges.take_back),
)
conversations_pages = pages(
    "conversations",
    page("", conversations.list_conversations, name="list"),
    page("rules/", rules.rules),
    page("try/", trying.try_it),
    page("of/<str:profile_id>/", conversations.list_waiting, name="waiting"),
    page("of/<str:profile_id>/<str:item_id>/", conversations.provenance),
    page("of/<str:profile_id>/<str:learned_id>/decide/", conversations.decide),
    page(f"{CONVERSATION}/say/", trying.say),
    page(f"{CONVERSATION}/draft/", conversations.draft),
    page(f"{CONVERSATION}/deliveries/<str:delivery_id>/", conversations.retry),
    page(f"{CONVERSATION}/", conversations.detail),
    page(f"{CONVERSATION}/<slug:name>/", conversations.change),
)
imports_pages = pages(
    "imports",
    page("", imports.list_imports, name="list"),
    page("add/", imports.add),
    page("columns/", imports.columns),
    page("feeds/", feeds.list_feeds, name="feeds"),
    page("feeds/add/", feeds.edit_feed, name="add_feed"),
    page("feeds/<int:number>/", feeds.show_trial, name="try_feed"),
    page("feeds/<int:number>/edit/", feeds.edit_feed, name="edit_feed"),
    page("feeds/<int:number>/<slug:move>/", feeds.move_feed, name="move_feed"),
    page("<str:import_id>/", imports.detail),
    page("<str:import_id>/refusals.csv", imports.refusals),
)
recall_pages = pages(
    "recall",
    page("", recall.run),
    page("mark/", marks.mark_item, name="mark"),
    page("marks.jsonl", marks.export_marks, name="marks"),
    page("ledger/", ledger.list_ledger, name="ledger"),
    page("ledger/keep/", ledger.keep_ledger),
    page("ledger/<str:entry_id>/", ledger.open_entry, name="ledger_entry"),
    page("unanswered/", ledger.list_unanswered, name="unanswered"),
    page("cases/", cases.list_cases, name="cases"),
    page("cases/add/", cases.add_case),
    page("cases/suites/", suites.list_suites, name="suites"),
    page("cases/suites/schedule/", suites.schedule),
    page("cases/export.yaml", suites.export_cases),
    page("cases/import/", suites.import_cases),
    page("cases/<uuid:case_id>/", cases.open_case, name="case"),
    page("cases/<uuid:case_id>/run/", cases.rerun_case),
    page("cases/<uuid:case_id>/remove/", cases.remove_case),
)
audit_pages = pages(
    "audit",
    page("", audit.list_entries, name="list"),
    page("installation/", audit.list_installation, name="installation"),
    page("sample/", review.sample),
    page("asked/", review.asked),
    page("<int:seq>/", audit.entry),
    page("proof/", proof.proof),
    page("proof/check/", proof.check),
    page("proof/receipts/", proof.make_receipt),
    page("proof/receipts/<int:size>/", proof.receipt),
    page("proof/export/", proof.export),
)
SEGMENT, OUTBOX = "tenants/<slug:tenant>/segment", "t/<slug:tenant>/segment/outbox"
ASSISTANTS = "tenants/<slug:tenant>/assistants"
segment_pages = pages(
    "segment",
    page(f"{SEGMENT}/", segment.workspace),
    page(f"{SEGMENT}/check/", segment.check),
    page(f"{SEGMENT}/arrival/", segment.arrival),
    page(f"t/<slug:tenant>/{PROFILE}/segment/", segment.customer),
    page(f"{OUTBOX}/", outbox.show_outbox, name="outbox"),
    page(f"{OUTBOX}/<int:number>/", outbox.show_event, name="event"),
    page(f"{OUTBOX}/<slug:move>/", outbox.move_events, name="move_all"),
    page(f"{OUTBOX}/<slug:move>/<int:number>/", outbox.move_events, name="move"),
    page(f"{ASSISTANTS}/", assistants.list_assistants, name="assistants"),
    page(f"{ASSISTANTS}/add/", assistants.edit_assistant, name="add"),
    page(f"{ASSISTANTS}/<int:number>/", assistants.edit_assistant, name="assistant"),
    page(
        f"{ASSISTANTS}/<int:number>/remove/", assistants.remove_assistant, name="remove"
    ),
)
doctor_pages = pages(
    "doctor",
    path("", doctor.doctor, name="doctor"),
    path("fix/<slug:name>/", doctor.fix_linkage, name="fix"),
    path("ignore/<slug:name>/", doctor.ignore_finding, name="ignore"),
)
drift_pages = pages(
    "drift",
    page("", drift.drift),
    page("look/", drift.take_snapshot, name="look"),
    page("<int:snapshot_id>/", drift.change),
)
canary_pages = pages(
    "canary",
    page("", canary.canary),
    page("run/", canary.start_run, name="run"),
    page("isolation/", canary.check_isolation, name="isolation"),
    page("settings/", canary.settings),
)
tenants_pages = pages(
    "tenants",
    page("", fleet.list_tenants, name="list"),
    page("accounts/add/", tenants.add_account),
    page("<slug:tenant>/connection/", tenants.connection),
    page("<slug:tenant>/dialect/", tenants.set_dialect, name="dialect"),
    page("<slug:tenant>/identity/", tenants.identity),
    page("<slug:tenant>/rename/", tenants.rename),
    page("<slug:tenant>/remove/", tenants.remove),
    page("<slug:tenant>/token/", tenants.replace_token, name="token"),
    page("accounts/", tenants.list_accounts, name="accounts"),
    # Last: a tenant can be called accounts.
    page("accounts/<str:sid>/", tenants.account),
)
onboarding_pages = pages(
    "onboarding",
    page("onboarding/", onboarding.begin),
    page("onboarding/names/", onboarding.names),
    page("onboarding/<uuid:onboarding_id>/", onboarding.client),
    page("onboarding/<uuid:onboarding_id>/plan/", onboarding.plan),
    page("onboarding/<uuid:onboarding_id>/<slug:move>/", onboarding.move),
    # A tenant's, for everybody who works there.
    page("tenants/<slug:tenant>/go-live/", onboarding.sheet),
)
people_pages = pages(
    "people",
    page("", people.list_people, name="list"),
    page("invite/", people.invite),
    page("<int:user_id>/", people.detail),
    page("<int:user_id>/<slug:name>/", people.change),
)
background_pages = pages(
    "background",
    page("", background.list_tasks, name="list"),
    page("<uuid:task_id>/again/", background.run_again),
)
ci_pages = pages(
    "ci",
    page("", ci.list_tokens, name="list"),
    page("add/", ci.issue),
    page("<str:token_id>/revoke/", ci.revoke),
)
reference_pages = pages(
    "reference",
    page("api/", reference.start),
    page("t/<slug:tenant>/api/", reference.of_tenant),
)

# What a home shows of tenants to whoever sets them up.
STATES = {"list_states": fleet.list_states}
# What a home counts, page folder by page folder.
WAITING: tuple[home.Waiting, ...] = (
    (
        Permission.JUDGE_MERGES,
        "suggested merge",
        "merges:list",
        merges.count_suggestions,
    ),
    (Permission.REVEAL, "question about a reveal", "audit:asked", review.count_asked),
    (
        Permission.VIEW_DELETIONS,
        "open deletion",
        "deletions:list",
        deletions.count_open,
    ),
    (Permission.IMPORT_PROFILES, "failed import", "imports:list", imports.count_failed),
    (Permission.RUN_RECALL, "failed Recall case", "recall:cases", cases.count_failed),
)

tenant_patterns: list[URLPattern | URLResolver] = [
    path("", home.tenant_home, STATES, name="tenant_home"),
    path("waiting/", home.waiting, {"sources": WAITING}, name="home_waiting"),
    path("", find_pages),
    path("memory/", tenants.memory_state, name="memory"),
    path("profiles/", customers_pages),
    path("profiles/<str:profile_id>/", timeline_pages),
    path("profiles/<str:profile_id>/", reveals_pages),
    path("", traits_pages),
    path("", pages("display", path("desk/", display.display, name="display"))),
    path("recall/", recall_pages),
    path("", deletions_pages),
    path("", keeping_pages),
    path("conversations/", conversations_pages),
    path("imports/", imports_pages),
    path("merges/", merges_pages),
    path("knowledge/", knowledge_pages),
    path("audit/", audit_pages),
]

urlpatterns = [
    path("", home.home, STATES, name="home"),
    path("session/", session.session, name="session"),
    path("signed-in/", session.signed_in, name="signed_in"),
    # Without a slash: the address that softphones are given.
    path("find", find.find_across_tenants, name="find_across_tenants"),
    path("find/", find.find_across_tenants),
    path("palette/", find.palette_across_tenants, name="palette_across_tenants"),
    path("accounts/", include(account_patterns)),
    path("tenants/<slug:tenant>/canary/", canary_pages),
    path("tenants/<slug:tenant>/doctor/", doctor_pages),
    path("tenants/<slug:tenant>/drift/", drift_pages),
    path("", segment_pages),
    path("", onboarding_pages),
    path("tenants/", tenants_pages),
    path("people/", people_pages),
    path("ci/", ci_pages),
    # For programs, and so without a slash at the end.
    path("ci/doctor/<slug:of>", runs.run_job, {"job": Job.DOCTOR}, name="ci_doctor"),
    path("ci/suite/<slug:of>", runs.run_job, {"job": Job.SUITE}, name="ci_suite"),
    path("ci/onboard", runs.run_job, {"job": Job.ONBOARD}, name="ci_onboard"),
    path("background/", background_pages),
    path(
        "styleguide/",
        pages("styleguide", path("", styleguide.styleguide, name="styleguide")),
    ),
    # At the root: it has an address with a tenant and one without.
    path("", reference_pages),
    path("t/<slug:tenant>/", include(tenant_patterns)),
]
