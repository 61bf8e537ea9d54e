"""What every test finds: both databases, a tenant, one person of each role, a browser."""

import gc
import os
from functools import cache
from typing import Any

import httpx
import pytest
from django.core.cache import cache as django_cache
from django.db.backends.base.base import BaseDatabaseWrapper
from django.template.base import Template
from django.template.context import Context
from django.test import utils
from django.test.signals import template_rendered
from django.utils.safestring import SafeString
from hypothesis import settings as hypothesis
from playwright.sync_api import expect
from whitenoise.base import WhiteNoise

from console.accounts.models import User
from console.client.network import get_guard
from console.databases import disk
from console.tenants.models import Role, Tenant
from tests.audit.guards import let_tests_flush
from tests.chromium import PACKAGE, find_chromium
from tests.factories import make_tenant, make_user
from tests.migrated import migrate_once

# Playwright's synchronous API runs a loop in the test's thread.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

CHROMIUM = find_chromium()
HOW_TO_GET_CHROMIUM = f"no chromium: `apt-get install {PACKAGE}`, or CHROMIUM=/path"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]

# The same examples in every run, and on every machine however busy it is.
hypothesis.register_profile("tests", deadline=None, derandomize=True)
hypothesis.load_profile("tests")
# How long a browser may take until something is there, not how long it should.
expect.set_options(timeout=30_000)

# Django empties tables after a transactional test; the audit log refuses that.
let_tests_flush()
migrate_once()


def keep_the_tests_transaction() -> None:
    """A nested call of the memory ends a request, which closes idle connections; the
    one that holds the test's transaction is not idle."""
    close = BaseDatabaseWrapper.close_if_unusable_or_obsolete

    def close_if_idle(self: BaseDatabaseWrapper) -> None:
        if not self.in_atomic_block:
            close(self)

    BaseDatabaseWrapper.close_if_unusable_or_obsolete = close_if_idle


keep_the_tests_transaction()


def tell_of_whole_templates() -> None:
    """The test client copies the context of every template that is part of another,
    which took a tenth of what a page takes: the outermost one has all that is asked."""

    def render(template: Template, context: Context) -> SafeString:
        if context.template is template:
            template_rendered.send(sender=template, template=template, context=context)
        return template.nodelist.render(context)

    utils.instrumented_test_render = render


tell_of_whole_templates()


def look_at_static_files_once() -> None:
    """Every test client looked through all of them, which took a tenth of a test of a
    page; they do not change while tests run."""
    look = WhiteNoise.update_files_dictionary
    found: dict[tuple[str, str], dict[str, Any]] = {}

    def update(self: WhiteNoise, root: str, prefix: str) -> None:
        if (root, prefix) not in found:
            look(self, root, prefix)
            found[root, prefix] = dict(self.files)
        self.files.update(found[root, prefix])

    WhiteNoise.update_files_dictionary = update


look_at_static_files_once()


def read_certificates_once() -> None:
    """Each call of `httpx.get` read all there are, for a server without any."""
    transports = httpx._transports.default
    create = transports.create_ssl_context

    @cache
    def read(where: tuple[str | None, ...], *args: Any, **kwargs: Any) -> Any:
        return create(*args, **kwargs)

    def create_once(*args: Any, **kwargs: Any) -> Any:
        names = ("SSL_CERT_FILE", "SSL_CERT_DIR")
        return read(tuple(map(os.environ.get, names)), *args, **kwargs)

    transports.create_ssl_context = create_once


read_certificates_once()


# Thousands of tests are collected and stay to the end: a fifth of the time for that went
# into looking for garbage among them.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test with a database has both: the memory's calls arrive in the other one."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        fixtures = set(getattr(item, "fixturenames", ()))
        if marker or fixtures & {"db", "transactional_db", "live_server"}:
            kwargs = (marker.kwargs if marker else {}) | {
                "databases": ["default", "memory"]
            }
            item.add_marker(pytest.mark.django_db(**kwargs), append=False)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("browser") and not CHROMIUM:
        if os.environ.get("CI") == "true":
            pytest.fail(HOW_TO_GET_CHROMIUM, pytrace=False)
        pytest.skip(HOW_TO_GET_CHROMIUM)


@pytest.fixture(autouse=True)
def forget_failures() -> None:
    """Ids come again: one test's broken memory is not the next one's."""
    get_guard.cache_clear()


@pytest.fixture(autouse=True)
def forget_tries(request: pytest.FixtureRequest) -> None:
    """Tables are emptied between tests, the cache is not: sign-ins would add up until
    one more is refused."""
    if request.node.get_closest_marker("browser"):
        request.getfixturevalue("transactional_db")
        django_cache.clear()


@pytest.fixture
def full_disk(tmp_path, settings, monkeypatch) -> None:
    """No disk of a test machine has room for a ballast of 100 GB."""
    settings.DISK_BALLAST_MB = 100_000
    monkeypatch.setattr(disk, "_list_files", lambda: [tmp_path / "console.sqlite3"])


@pytest.fixture
def tenant(db: None) -> Tenant:
    return make_tenant()


@pytest.fixture
def agent(tenant: Tenant) -> User:
    return make_user(Role.AGENT, tenant, email="agent@console.example")


@pytest.fixture
def officer(tenant: Tenant) -> User:
    return make_user(Role.OFFICER, tenant, email="officer@console.example")


@pytest.fixture
def auditor(tenant: Tenant) -> User:
    return make_user(Role.AUDITOR, tenant, email="auditor@console.example")


@pytest.fixture
def developer(tenant: Tenant) -> User:
    return make_user(Role.DEVELOPER, tenant, email="developer@console.example")


@pytest.fixture
def operator(tenant: Tenant) -> User:
    """Of the whole installation, `tenant` included."""
    return make_user(Role.OPERATOR, email="operator@console.example")


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any],
) -> dict[str, Any]:
    return {
        **browser_type_launch_args,
        "executable_path": CHROMIUM,
        "headless": True,
        "args": FLAGS,
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "viewport": {"width": 1280, "height": 800},
        "locale": "en-GB",
        "timezone_id": "UTC",
        "reduced_motion": "reduce",
    }
