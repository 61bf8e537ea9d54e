"""Every address of the console; /v1 is the memory's own (console/wsgi.py),
/healthz and /readyz are answered by console/web/middleware.py."""

from typing import Any

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from console.pages.audit import proof, review
from console.pages.audit import views as audit
from console.pages.background import views as background
from console.pages.conversations import rules, trying
from console.pages.conversations import views as conversations
from console.pages.customers import views as customers
from console.pages.deletions import views as deletions
from console.pages.display import views as display
from console.pages.find import views as find
from console.pages.home import views as home
from console.pages.imports import views as imports
from console.pages.keeping import views as keeping
from console.pages.knowledge import views as knowledge
from console.pages.merges import views as merges
from console.pages.people import views as people
from console.pages.recall import cases, ledger, marks, suites
from console.pages.recall import views as recall
from console.pages.reference import views as reference
from console.pages.reveals import views as reveals
from console.pages.styleguide import views as styleguide
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

# Of allauth only what staff need: no sign-up, no e-mail, no reset by mail.
account_patterns: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("welcome/", people.welcome, name="account_welcome"),
    path("password/", account.password_change, name="account_change_password"),
    path("time-zone/", times.set_time_zone, name="account_time_zone"),
    path("2fa/", include("allauth.mfa.urls")),
]

# What addresses that ask for no permission write to the audit log, as `allow` says it
# for the others.
LOGS = {
    name: logs
    for logs, names in {
        "none: names of tenants": "home tenants:list",
        "none: names of pages": "session signed_in palette_across_tenants",
        "none: the API's description": "reference:start",
        "none: of the viewer alone": "account_inactive account_time_zone mfa_index "
        "mfa_view_recovery_codes mfa_download_recovery_codes mfa_list_webauthn "
        "mfa_edit_webauthn",
        "profile.found": "find_across_tenants",
        "session.opened session.refused": "account_login mfa_authenticate "
        "mfa_login_webauthn",
        "session.refused": "account_reauthenticate mfa_reauthenticate "
        "mfa_reauthenticate_webauthn",
        "session.closed": "account_logout",
        "password.changed": "account_welcome account_change_password",
        "mfa.added": "mfa_activate_totp mfa_add_webauthn",
        "mfa.added mfa.reset": "mfa_generate_recovery_codes",
        "mfa.removed": "mfa_deactivate_totp mfa_remove_webauthn",
    }.items()
    for name in names.split()
}

PROFILE = "profiles/<str:profile_id>"
TRAITS = f"{PROFILE}/traits"
OBSERVATION, SUMMARY = "observations/<str:observation_id>", "summaries/<str:summary_id>"
CONVERSATION, DELETION = "<str:conversation_id>", "deletions/<uuid:deletion_id>"


def pages(name: str, *patterns: URLPattern) -> Any:
    """Patterns whose names have a page folder's name before them."""
    return include((list(patterns), name))


find_pages = pages(
    "find",
    path("find/", find.find, name="find"),
    path("palette/", find.palette, name="palette"),
)
customers_pages = pages(
    "customers",
    path("", customers.list_profiles, name="list"),
    path("by-value/", customers.list_by_value, name="by_value"),
    path("last/", customers.list_last, name="last"),
    path("<str:profile_id>/", customers.profile, name="profile"),
    *[
        path(
            f"<str:profile_id>/newest{part}/",
            customers.recent_items,
            {"kind": kind},
            name=f"recent_{kind}",
        )
        for kind, part in (("observation", ""), ("summary", "-summaries"))
    ],
    path("<str:profile_id>/identifiers/", customers.identifiers, name="identifiers"),
)
timeline_pages = pages(
    "timeline",
    path("timeline/", timeline.timeline, name="timeline"),
    path("timeline/density/", timeline.histogram, name="histogram"),
    path("export/", export.export, name="export"),
    path("selection/", selection.selection, name="selection"),
    # The same page, as it was called before.
    path("observations/", timeline.timeline, name="observations"),
    path("observations/add/", items.observation_add, name="observation_add"),
    path(
        f"{OBSERVATION}/correct/",
        items.correct,
        {"kind": kinds.OBSERVATION},
        name="observation_correct",
    ),
    path(f"{OBSERVATION}/", items.observation, name="observation"),
    path("summaries/", timeline.timeline, {"kind": "summary"}, name="summaries"),
    path(
        f"{SUMMARY}/correct/",
        items.correct,
        {"kind": kinds.SUMMARY},
        name="summary_correct",
    ),
    path(f"{SUMMARY}/", items.summary, name="summary"),
)
reveals_pages = pages(
    "reveals",
    path("reveal/<str:kind>/<str:ref>/", reveals.reveal_value, name="reveal"),
    path("hide/<str:kind>/<str:ref>/", reveals.hide_value, name="hide"),
    path("masked/<str:kind>/<str:ref>/", reveals.masked_value, name="masked"),
)
traits_pages = pages(
    "traits",
    path("traits/", traits.groups_page, name="groups"),
    path("traits/<str:group>/", traits.group_page, name="group"),
    path(f"{TRAITS}/", traits.traits, name="profile"),
    path(f"{TRAITS}/<str:group>/<str:trait>/", traits.trait, name="trait"),
    path(f"{TRAITS}/<str:group>/<str:trait>/correct/", traits.correct, name="correct"),
)
deletions_pages = pages(
    "deletions",
    # What is deleted keeps its own address.
    path(f"{PROFILE}/delete/", deletions.delete_profile, name="profile"),
    path(
        f"{PROFILE}/{OBSERVATION}/delete/",
        deletions.delete_observation,
        name="observation",
    ),
    path(f"{PROFILE}/{SUMMARY}/delete/", deletions.delete_summary, name="summary"),
    path(f"{PROFILE}/selection/delete/", deletions.delete_selection, name="selection"),
    path("deletions/", deletions.list_deletions, name="list"),
    path("deletions/add/", deletions.add_request, name="add"),
    path("deletions/policy/", deletions.policy, name="policy"),
    path(f"{DELETION}/", deletions.show_deletion, name="deletion"),
    path(f"{DELETION}/certificate/", deletions.certificate, name="certificate"),
    path(f"{DELETION}/<str:move>/", deletions.move_deletion, name="move"),
)
keeping_pages = pages(
    "keeping",
    path("retention/", keeping.overview, name="overview"),
    path("retention/rules/", keeping.retention, name="retention"),
    path(f"{PROFILE}/hold/", keeping.set_hold, name="set_hold"),
    path(f"{PROFILE}/access/", keeping.ask_access, name="ask_access"),
    path("access/<uuid:package_id>/", keeping.access, name="access"),
    path(
        "retention/suppressions/<str:suppression_id>/",
        keeping.lift_suppression,
        name="lift_suppression",
    ),
    path("retention/holds/<uuid:hold_id>/", keeping.lift_hold, name="lift_hold"),
)
knowledge_pages = pages(
    "knowledge",
    path("", knowledge.overview, name="overview"),
    path("add/", knowledge.add_base, name="add_base"),
    path("<str:base_id>/add/", knowledge.add_source, name="add_source"),
    path("<str:base_id>/remove/", knowledge.remove_base, name="remove_base"),
    path("<str:base_id>/<str:source_id>/", knowledge.source, name="source"),
    path(
        "<str:base_id>/<str:source_id>/<str:change>/",
        knowledge.change_source,
        name="change_source",
    ),
)
merges_pages = pages(
    "merges",
    path("", merges.list_merges, name="list"),
    path("suggestions/<str:suggestion_id>/", merges.decide, name="decide"),
    path("<str:profile_id>/", merges.take_back, name="take_back"),
)
conversations_pages = pages(
    "conversations",
    path("", conversations.list_conversations, name="list"),
    path("rules/", rules.rules, name="rules"),
    path("try/", trying.try_it, name="try_it"),
    path("of/<str:profile_id>/", conversations.list_waiting, name="waiting"),
    path(
        "of/<str:profile_id>/<str:item_id>/",
        conversations.provenance,
        name="provenance",
    ),
    path(
        "of/<str:profile_id>/<str:learned_id>/decide/",
        conversations.decide,
        name="decide",
    ),
    path(f"{CONVERSATION}/say/", trying.say, name="say"),
    path(f"{CONVERSATION}/draft/", conversations.draft, name="draft"),
    path(
        f"{CONVERSATION}/deliveries/<str:delivery_id>/",
        conversations.retry,
        name="retry",
    ),
    path(f"{CONVERSATION}/", conversations.detail, name="detail"),
    path(f"{CONVERSATION}/<slug:name>/", conversations.change, name="change"),
)
imports_pages = pages(
    "imports",
    path("", imports.list_imports, name="list"),
    path("add/", imports.add, name="add"),
    path("columns/", imports.columns, name="columns"),
    path("<str:import_id>/", imports.detail, name="detail"),
    path("<str:import_id>/refusals.csv", imports.refusals, name="refusals"),
)
recall_pages = pages(
    "recall",
    path("", recall.run, name="run"),
    path("mark/", marks.mark_item, name="mark"),
    path("marks.jsonl", marks.export_marks, name="marks"),
    path("ledger/", ledger.list_ledger, name="ledger"),
    path("ledger/keep/", ledger.keep_ledger, name="keep_ledger"),
    path("ledger/<str:entry_id>/", ledger.open_entry, name="ledger_entry"),
    path("unanswered/", ledger.list_unanswered, name="unanswered"),
    path("cases/", cases.list_cases, name="cases"),
    path("cases/add/", cases.add_case, name="add_case"),
    path("cases/suites/", suites.list_suites, name="suites"),
    path("cases/suites/schedule/", suites.schedule, name="schedule"),
    path("cases/export.yaml", suites.export_cases, name="export_cases"),
    path("cases/import/", suites.import_cases, name="import_cases"),
    path("cases/<uuid:case_id>/", cases.open_case, name="case"),
    path("cases/<uuid:case_id>/run/", cases.rerun_case, name="rerun_case"),
    path("cases/<uuid:case_id>/remove/", cases.remove_case, name="remove_case"),
)
audit_pages = pages(
    "audit",
    path("", audit.list_entries, name="list"),
    path("installation/", audit.list_installation, name="installation"),
    path("sample/", review.sample, name="sample"),
    path("asked/", review.asked, name="asked"),
    path("<int:seq>/", audit.entry, name="entry"),
    path("proof/", proof.proof, name="proof"),
    path("proof/check/", proof.check, name="check"),
    path("proof/receipts/", proof.make_receipt, name="make_receipt"),
    path("proof/receipts/<int:size>/", proof.receipt, name="receipt"),
    path("proof/export/", proof.export, name="export"),
)
tenants_pages = pages(
    "tenants",
    path("", tenants.list_tenants, name="list"),
    path("add/", tenants.add, name="add"),
    path("accounts/add/", tenants.add_account, name="add_account"),
    path("<slug:tenant>/connection/", tenants.connection, name="connection"),
    path("<slug:tenant>/identity/", tenants.identity, name="identity"),
    path("<slug:tenant>/rename/", tenants.rename, name="rename"),
    path("<slug:tenant>/remove/", tenants.remove, name="remove"),
    path("<slug:tenant>/token/", tenants.replace_token, name="token"),
    path("accounts/", tenants.list_accounts, name="accounts"),
    # Last: a tenant can be called accounts.
    path("accounts/<str:sid>/", tenants.account, name="account"),
)
people_pages = pages(
    "people",
    path("", people.list_people, name="list"),
    path("invite/", people.invite, name="invite"),
    path("<int:user_id>/", people.detail, name="detail"),
    path("<int:user_id>/<slug:name>/", people.change, name="change"),
)
background_pages = pages(
    "background",
    path("", background.list_tasks, name="list"),
    path("<uuid:task_id>/again/", background.run_again, name="run_again"),
)
reference_pages = pages(
    "reference",
    path("api/", reference.start, name="start"),
    path("t/<slug:tenant>/api/", reference.of_tenant, name="of_tenant"),
)

# What a home counts, page folder by page folder.
WAITING: tuple[home.Waiting, ...] = (
    (
        Permission.JUDGE_MERGES,
        "suggested merge",
        "merges:list",
        merges.count_suggestions,
    ),
    (
        Permission.REVEAL,
        "question about a reveal",
        "audit:asked",
        review.count_asked,
    ),
    (
        Permission.VIEW_DELETIONS,
        "unsettled deletion",
        "deletions:list",
        deletions.count_open,
    ),
    (
        Permission.IMPORT_PROFILES,
        "failed import",
        "imports:list",
        imports.count_failed,
    ),
    (
        Permission.RUN_RECALL,
        "failed Recall case",
        "recall:cases",
        cases.count_failed,
    ),
)

tenant_patterns: list[URLPattern | URLResolver] = [
    path("", home.tenant_home, name="tenant_home"),
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
    path("", home.home, name="home"),
    path("session/", session.session, name="session"),
    path("signed-in/", session.signed_in, name="signed_in"),
    # Without a slash: the address that softphones are given.
    path("find", find.find_across_tenants, name="find_across_tenants"),
    path("find/", find.find_across_tenants),
    path("palette/", find.palette_across_tenants, name="palette_across_tenants"),
    path("accounts/", include(account_patterns)),
    path("tenants/", tenants_pages),
    path("people/", people_pages),
    path("background/", background_pages),
    path(
        "styleguide/",
        pages("styleguide", path("", styleguide.styleguide, name="styleguide")),
    ),
    # At the root: it has an address with a tenant and one without.
    path("", reference_pages),
    path("t/<slug:tenant>/", include(tenant_patterns)),
]
