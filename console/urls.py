"""Every address of the console; /v1 is the memory's own (console/wsgi.py),
/healthz and /readyz are answered by console/pages/home/probes.py."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from console.pages.find.views import find_across_tenants, palette_across_tenants
from console.pages.home import views as home
from console.pages.tenants import views as tenants
from console.web import problems, session

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
    path("password/", account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
]

tenant_patterns: list[URLPattern | URLResolver] = [
    path("", home.tenant_home, name="tenant_home"),
    path("", include("console.pages.find.urls")),
    path("memory/", tenants.memory_state, name="memory"),
    path("profiles/", include("console.pages.customers.urls")),
    path("profiles/<str:profile_id>/", include("console.pages.timeline.urls")),
    path("profiles/<str:profile_id>/", include("console.pages.reveals.urls")),
    path("", include("console.pages.traits.urls")),
    path("", include("console.pages.display.urls")),
    path("recall/", include("console.pages.recall.urls")),
    path("", include("console.pages.deletions.urls")),
    path("imports/", include("console.pages.imports.urls")),
    path("audit/", include("console.pages.audit.urls")),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("session/", session.session, name="session"),
    path("signed-in/", session.signed_in, name="signed_in"),
    # Without a slash: the address that softphones are given.
    path("find", find_across_tenants, name="find_across_tenants"),
    path("find/", find_across_tenants),
    path("palette/", palette_across_tenants, name="palette_across_tenants"),
    path("accounts/", include(account_patterns)),
    path("tenants/", include("console.pages.tenants.urls")),
    path("background/", include("console.pages.background.urls")),
    path("styleguide/", include("console.pages.styleguide.urls")),
    # At the root: it has an address with a tenant and one without.
    path("", include("console.pages.reference.urls")),
    path("t/<slug:tenant>/", include(tenant_patterns)),
]
