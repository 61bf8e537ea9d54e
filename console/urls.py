"""Every address of the console; /v1 is the memory's own (console/wsgi.py)."""

from allauth.account import views as account
from django.urls import URLPattern, URLResolver, include, path

from console.profiles.anywhere import find_anywhere
from console.profiles.palette import palette_anywhere
from console.profiles.views import desk
from console.web import connection, session, views

handler400 = views.bad_request
handler403 = views.forbidden
handler404 = views.not_found
handler429 = views.too_many  # read by allauth
handler500 = views.failed

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
    path("", views.tenant_home, name="tenant_home"),
    path("", include("console.profiles.find_urls")),
    path("memory/", connection.memory, name="memory"),
    path("profiles/", include("console.profiles.urls")),
    path("traits/", include("console.profiles.trait_urls")),
    path("desk/", desk.desk, name="desk"),
    path("recall/", include("console.recall.urls")),
    path("", include("console.deletions.urls")),
    path("audit/", include("console.auditing.urls")),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("session/", session.session, name="session"),
    path("signed-in/", session.signed_in, name="signed_in"),
    # Without a slash: the address that softphones are given.
    path("find", find_anywhere, name="find_anywhere"),
    path("find/", find_anywhere),
    path("palette/", palette_anywhere, name="palette_anywhere"),
    path("accounts/", include(account_patterns)),
    path("tenants/", include("console.onboarding.urls")),
    path("styleguide/", include("console.styleguide.urls")),
    # At the root: it has an address with a tenant and one without.
    path("", include("console.reference.urls")),
    path("t/<slug:tenant>/", include(tenant_patterns)),
]
