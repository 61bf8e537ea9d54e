"""Settings, all from the environment; each variable is in docs/configuration.md."""

import tomllib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from environ import Env

from console.contract import base
from console.core.environment import load_environment

BASE_DIR = Path(__file__).resolve().parent.parent
_PROJECT = tomllib.loads((BASE_DIR / "pyproject.toml").read_text("utf-8"))["project"]
VERSION: str = _PROJECT["version"]

env = load_environment(BASE_DIR)
LONG = {"form": "at least 32 characters of its own", "of": ".{32,}"}
HOST = r"[\w*.\-\[\]:]+"

# No default: better a console that stops than one that starts with a known key.
SECRET_KEY = env.text("SECRET_KEY", **LONG)
# Keys that seal tenants' credentials, newest first: "id:base64 of 32 bytes, ...".
VAULT_KEYS = env.keys("VAULT_KEYS")
# Keys that seal and sign the audit log, newest first; empty: those of the vault. One that
# has sealed something stays, or nobody can check that any more.
AUDIT_KEYS = env.keys("AUDIT_KEYS", default={})
# Where a receipt of each checkpoint goes: file:/path, syslog:host:port, mail:person@host.
AUDIT_RECEIPTS = env.items(
    "AUDIT_RECEIPTS",
    default=[],
    form="file:/path, syslog:host:port or mail:person@host",
    of=r"file:/.+|syslog:[^:]+:\d{1,5}|mail:[^@\s]+@[^@\s]+",
)
# The mail server that sends them.
MAIL_URL = env.text(
    "MAIL_URL",
    default="smtp://localhost:25",
    form="smtp://, smtp+tls:// or smtp+ssl:// with user:password@host:port",
    of=r"smtp(\+tls|\+ssl)?://\S+",
)
vars().update(Env.email_url_config(MAIL_URL))
EMAIL_TIMEOUT = 10
# Keys the digests of API secrets; changing it makes every issued secret invalid.
MEMORY_DIGEST_KEY = env.text("MEMORY_DIGEST_KEY", **LONG)

DEBUG = env.flag("DEBUG", default=False)
# localhost is always one: under that name pages call the embedded memory.
ALLOWED_HOSTS = [
    *env.items("ALLOWED_HOSTS", default=["127.0.0.1"], form="host names", of=HOST),
    "localhost",
]
CSRF_TRUSTED_ORIGINS = env.items(
    "CSRF_TRUSTED_ORIGINS",
    default=[],
    form="origins such as https://console.example",
    of=rf"https?://{HOST}",
)
# Where a proxy mounts the console on its host, such as /memory; empty: at the root.
URL_PREFIX = env.text(
    "URL_PREFIX", default="", form="a path such as /memory", of=r"(/[\w.~-]+)+"
)
# False only where no TLS can be: a laptop. It drops secure cookies and HSTS.
HTTPS = env.flag("HTTPS", default=True)
# How many proxies in front of us add to X-Forwarded-For and -Proto; 0 trusts neither.
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", default=0, least=0, most=10)

# Where a tenant without an address of its own keeps its memory: here, or at a URL.
MEMORY_URL = env.text(
    "MEMORY_URL",
    default="embedded:",
    form="embedded: or an https:// address",
    of=r"embedded:|https?://\S+",
)
MEMORY_TOTAL_TIMEOUT_S = env.number(
    "MEMORY_TOTAL_TIMEOUT_S", default=10.0, least=0.1, most=300
)
# Lets addresses of memories and webhooks be http: or private. Off: nobody's address
# reaches into the network that the console stands in.
MEMORY_ALLOW_PRIVATE = env.flag("MEMORY_ALLOW_PRIVATE", default=False)
# Instead of Segment's own hosts: an emulator on a machine of one's own.
SEGMENT_URL = env.text(
    "SEGMENT_URL", default="", form="an http(s):// address", of=r"https?://[\w.:\[\]-]+"
)
# Where files lie that data mappings read, in a folder for each tenant by its short name.
FEEDS_FOLDER = env.text("FEEDS_FOLDER", default="", form="a folder's path", of="/.*")
# And databases that they query, by tenant and name, as SQLAlchemy writes addresses;
# adbc:DRIVER:ADDRESS or salesforce://.
FEEDS_DATABASES = dict(
    each.split("=", 1)
    for each in env.text(
        "FEEDS_DATABASES",
        default="",
        form="tenant/name=address, blanks between",
        of=r"(?:[a-z0-9-]+/[A-Za-z0-9_-]+=\S+\s*)*",
    ).split()
)
if not find_spec("sqlalchemy") and any(
    not address.startswith(("adbc:", "salesforce:"))
    for address in FEEDS_DATABASES.values()
):
    env.refuse("FEEDS_DATABASES", "needs the extra `databases`")
# How the embedded memory understands meaning: use-3, onnx:<folder> or none.
MEMORY_EMBEDDER = env.text(
    "MEMORY_EMBEDDER",
    default="use-3",
    form="use-3, none or onnx: with a folder",
    of=r"use-3|none|onnx:.+",
)
# What learns from conversations: off, extractive (chosen sentences, no model) or model.
MEMORY_EXTRACTOR = env.text(
    "MEMORY_EXTRACTOR",
    default="extractive",
    form="off, extractive or model",
    of=r"off|extractive|model",
)
# The chat model: where it is asked, by which name, in whose form and with which key.
MODEL_URL = env.text(
    "MODEL_URL",
    default="",
    form="an http(s):// address such as https://api.openai.com/v1",
    of=r"https?://[\w.:\[\]-]+(/[\w./~-]*)?",
)
MODEL_NAME = env.text("MODEL_NAME", default="", form="a name", of=r"[!-~]{1,100}")
MODEL_DIALECT = env.text(
    "MODEL_DIALECT", default="openai", form="openai or anthropic", of="openai|anthropic"
)
MODEL_KEY = env.text("MODEL_KEY", default="", form="a key without blanks", of=r"[!-~]+")
SAFE = ("https://", "http://127.0.0.1:", "http://localhost:")
if MODEL_KEY and not (MODEL_URL.startswith(SAFE) or MEMORY_ALLOW_PRIVATE):
    env.refuse("MODEL_KEY", "goes to an https:// address or to this machine alone")
if MEMORY_EXTRACTOR == "model" and not (MODEL_URL and MODEL_NAME):
    env.refuse("MEMORY_EXTRACTOR", "model needs MODEL_URL and MODEL_NAME")
# Tokens that it may read and write for one store in a day (UTC); then it is not asked.
MODEL_TOKENS_PER_DAY = env.number(
    "MODEL_TOKENS_PER_DAY", default=1000000, least=1, most=10**12
)
# What a million tokens cost that it reads, and that it writes; empty: not told.
MODEL_PRICES = [
    float(price)
    for price in env.items(
        "MODEL_PRICES", default=[], form="two numbers", of=r"\d{1,6}(\.\d{1,6})?"
    )
]
if len(MODEL_PRICES) not in (0, 2):
    env.refuse("MODEL_PRICES", "must be two numbers: of a million read, and written")
# Reads of a merged profile's old id: answered (with Canonical-Profile-Id), or 301.
MEMORY_FOLLOW_MERGED = env.flag("MEMORY_FOLLOW_MERGED", default=False)
# How often an account may ask the embedded memory, in each web worker; 0: no limit.
MEMORY_REQUESTS_PER_S = env.number(
    "MEMORY_REQUESTS_PER_S", default=0.0, least=0, most=100_000
)
# Seconds until a write to the embedded memory can be seen: a hosted one takes a
# moment too, and programs should meet that before their users do.
MEMORY_VISIBILITY_LAG_S = env.number(
    "MEMORY_VISIBILITY_LAG_S", default=0.0, least=0, most=3600
)
# Other limits of the embedded memory, as NAME=number, ... (console/contract/base.py).
MEMORY_LIMITS = env.pairs("MEMORY_LIMITS", default={})
try:
    base.override_limits(MEMORY_LIMITS)
except ValueError as exc:
    env.refuse("MEMORY_LIMITS", str(exc))
# The embedded memory as a WSGI application; the client knows it by this name alone.
MEMORY_APPLICATION = "console.service.wsgi.application"
# What takes the changes of programs to the audit log.
PROGRAM_LOG = "console.profiles.programs.log_writes"
# What has to know of a profile that a program is about to delete.
BEFORE_DELETION = "console.segment.outbox.note_deletion"
# How many of them wait for that, and since when.
PROGRAMS_WAITING = "console.service.outbox.find_waiting"
# What masks a text where a Recall asks to be ranked by masked texts.
MEMORY_MASK = "console.masking.masker.build_text_mask"
# What finds personal data in what would be learned from a conversation.
MEMORY_DETECTOR = "console.masking.sensitive.Detector"

# Lookups and explained recalls that one person may make in an hour.
QUESTIONS_PER_HOUR = env.number(
    "QUESTIONS_PER_HOUR", default=300, least=1, most=1_000_000
)

# Pages read a long list for fractions of a second and then go on by themselves
# (console/web/budget.py). A number of steps instead ends them at the same place on
# every machine, as tests need it.
BUDGET_STEPS: int | None = None

# Worker processes of the web server.
WEB_CONCURRENCY = env.number("WEB_CONCURRENCY", default=2, least=1, most=64)

# Opens /metrics to whoever sends it; empty: closed to all.
METRICS_TOKEN = env.text(
    "METRICS_TOKEN", default="", form="at least 16 characters", of=".{16,}"
)

# Where traces are sent, by OTLP over HTTP; empty: nowhere.
OTEL_EXPORTER_OTLP_ENDPOINT = env.text(
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    default="",
    form="an http(s):// address",
    of=r"https?://\S+",
)
if OTEL_EXPORTER_OTLP_ENDPOINT and not find_spec("opentelemetry"):
    env.refuse("OTEL_EXPORTER_OTLP_ENDPOINT", "needs the extra `traces`")

# The password of the demo people that `make run` makes; empty: no demo people.
DEMO_PASSWORD = env.text("DEMO_PASSWORD", default="")

INSTALLED_APPS = [
    "console.accounts",
    "console.tenants",
    "console.audit",
    "console.masking",
    "console.monitoring",
    "console.profiles",
    "console.segment",
    "console.pages.ci",
    "console.pages.customers",
    "console.pages.deletions",
    "console.pages.doctor",
    "console.pages.imports",
    "console.pages.onboarding",
    "console.pages.people",
    "console.pages.recall",
    "console.jobs",
    "console.loading",
    "console.demo",
    "console.backups",
    "console.databases",
    "console.service",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "heroicons",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "console.core.observability.observe_pages",
    "console.web.middleware.StandardHeaders",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "console.web.middleware.PrivateResponses",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "console.web.middleware.Probes",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "console.web.middleware.BoostedLinks",
    "console.web.middleware.ViewerZone",
    "console.web.middleware.ProblemPages",
    "console.web.middleware.LoginRequired",
    "console.web.middleware.SessionRules",
    "console.web.middleware.TenantScope",
]

ROOT_URLCONF = "console.urls"
WSGI_APPLICATION = "console.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.tz",
                "console.web.shell.shell",
            ],
            "builtins": ["console.web.templatetags.console"],
        },
    }
]

# IMMEDIATE and WAL: without them writers meet "database is locked". FULL: an audit
# entry that was acknowledged survives a power cut. recursive_triggers: without it
# INSERT OR REPLACE slips past the trigger that keeps the audit log append-only.
# cache_size: 0.5 MB, for each of a worker's 24 connections keeps its own; the system
# keeps the file too, and 2 MB made nothing faster.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;"
        "PRAGMA recursive_triggers=ON;PRAGMA secure_delete=ON;"
        "PRAGMA temp_store=MEMORY;PRAGMA cache_size=-500;"
        "PRAGMA journal_size_limit=67108864;"
    ),
}


def database(variable: str, file: str) -> dict[str, Any]:
    """One alias: a PostgreSQL URL, or a SQLite file beside the project."""
    config = env.database(variable, default=f"sqlite:///{BASE_DIR / file}")
    # Kept open: a call into the embedded memory ends a request of its own, which
    # would otherwise close the connection of the page that made it.
    config["CONN_MAX_AGE"] = None
    if config["ENGINE"].endswith("sqlite3"):
        config["OPTIONS"] = SQLITE_OPTIONS
    else:
        config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {
    "default": database("DATABASE_URL", "console.sqlite3"),
    "memory": database("MEMORY_DATABASE_URL", "memory.sqlite3"),
}
# Kept free beside each SQLite file (console/databases/disk.py); 0: nothing is.
DISK_BALLAST_MB = env.number("DISK_BALLAST_MB", default=32, least=0, most=100_000)
DATABASE_ROUTERS = ["console.service.models.MemoryRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database, for all worker processes: a code that was used works in none of them.
# "derived" has what pages made of customers' data, and is emptied when anything of that is
# deleted.
CACHES = {
    alias: {
        "BACKEND": "console.databases.disk.Cache",
        "LOCATION": table,
        # Of Django's 300 a used code could be pushed out.
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
    for alias, table in (("default", "cache"), ("derived", "cache_derived"))
}

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
# Called by the worker in a thread of its own.
EACH_SECOND = ["console.service.outbox.hand_over"]
# Called by the worker once a minute: they enqueue what lost its task, when a process
# died after it had committed to one database and before it wrote to the other, and
# remove what is over.
DUE_WORK = [
    "console.service.conversations.lifecycle.sweep",
    "console.pages.deletions.steps.enqueue_due",
]
LOST_WORK = [
    "console.audit.checkpoints.request_due_checkpoint",
    "console.service.memory.embedding_jobs.request_pending_vectors",
    "console.service.memory.import_jobs.restart_stalled_imports",
    "console.service.knowledge.ingestion.restart_stalled_readings",
    "console.service.knowledge.sources.start_due_crawls",
    "console.service.conversations.webhooks.prune",
    "console.service.memory.merging.settle_old_merges",
    "console.pages.recall.suites.start_due_suites",
    "console.pages.imports.feeds.start_due_feeds",
    "console.profiles.models.drop_expired_packages",
    "console.profiles.retention.start_due_rules",
    "console.segment.outbox.start_due",
    "console.service.memory.ledger.prune",
    "console.monitoring.models.prune",
    "console.monitoring.synthetic.request_cleaning",
    "console.monitoring.canary.start_due",
    "console.monitoring.nightly.start_due",
]
# What is looked at each night of every tenant, by the kind of its results
# (console/monitoring/nightly.py).
NIGHTLY = {
    "doctor": "console.monitoring.nightly.ask_doctor",
    "drift": "console.monitoring.drift.look",
    "usage": "console.monitoring.usage.measure",
}
# Called by the worker after a deletion: they remove what else was made of customers'
# data (console/databases/compaction.py).
DERIVED_DATA = [
    "console.profiles.context.forget",
    "console.profiles.models.drop_orphaned_packages",
]
# When the worker rewrites what anything was deleted from, to take it out of the files:
# an hour of the day, UTC. -1: never, somebody runs `manage.py purge`.
PURGE_HOUR = env.number("PURGE_HOUR", default=3, least=-1, most=23)
# For how long backups are kept, as certificates of deletions say it. 0: until somebody
# removes them.
BACKUP_DAYS = env.number("BACKUP_DAYS", default=0, least=0, most=3650)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["console.accounts.backends.StaffBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "console.accounts.adapter.StaffAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
# What cannot be undone asks again who one is, so long after the last time.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_FORMS = {"change_password": "console.accounts.forms.LimitedPasswordForm"}
# Not allauth's: five tries by anybody would keep the account's owner out too
# (console/accounts/limits.py). What a signed-in person does keeps its limits.
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": None}
MFA_FORMS = {
    "authenticate": "console.accounts.forms.SignInCodeForm",
    "reauthenticate": "console.accounts.forms.AgainCodeForm",
    "add_webauthn": "console.accounts.forms.AddPasskeyForm",
    "edit_webauthn": "console.accounts.forms.RenamePasskeyForm",
    "login_webauthn": "console.accounts.forms.PasskeyForm",
    "authenticate_webauthn": "console.accounts.forms.SecondPasskeyForm",
    "reauthenticate_webauthn": "console.accounts.forms.AgainPasskeyForm",
}
MFA_RATE_LIMITS = {"webauthn_login": None}
ROLES = ("agent", "officer", "auditor", "operator", "developer", "engineer")
# Those whose people sign in with a second factor or set one up before all else.
REQUIRE_SECOND_FACTOR = env.items(
    "REQUIRE_SECOND_FACTOR",
    default=[],
    form=f"roles: {', '.join(ROLES)}",
    of="|".join(ROLES),
)
MFA_ADAPTER = "console.tenants.vault.SecondFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Memory Console"

# Browsers hold a __Host- cookie to the whole host; under a prefix it has a path.
COOKIE_PREFIX = ("__Secure-" if URL_PREFIX else "__Host-") if HTTPS else ""
SESSION_ENGINE = "console.web.session"
# The end of a session whatever is done in it, and without a page being opened.
SESSION_COOKIE_AGE = 3600 * env.number("SESSION_HOURS", default=8, least=1, most=24)
SESSION_IDLE_S = 60 * env.number("SESSION_IDLE_MINUTES", default=30, least=5, most=480)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}session"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{URL_PREFIX}/"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}csrf"
# Of a form; a file has its own (console/web_worker.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
CSRF_FAILURE_VIEW = "console.web.problems.csrf_failed"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [rf"^{URL_PREFIX[1:]}/?(healthz|readyz)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# Never a path or a query string in a referrer; "no-referrer" would also blank the
# Origin header of our own forms, which the CSRF check needs.
SECURE_REFERRER_POLICY = "strict-origin"
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Every feature that browsers ask about, but for copying and passkeys.
FEATURES_OFF = """
accelerometer autoplay browsing-topics camera clipboard-read compute-pressure
display-capture encrypted-media fullscreen gamepad geolocation gyroscope hid
identity-credentials-get idle-detection keyboard-map local-fonts magnetometer microphone
midi otp-credentials payment picture-in-picture screen-wake-lock serial storage-access usb
window-management xr-spatial-tracking
"""

# Of every answer: of pages, files, problems and of the API alike.
ANSWER_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; font-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "object-src 'none'"
    ),
    "Permissions-Policy": ", ".join(
        f"{feature}=()" for feature in FEATURES_OFF.split()
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = f"{URL_PREFIX}/static/"
WHITENOISE_STATIC_PREFIX = "/static/"
STATIC_ROOT = BASE_DIR / ".static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    }
}

LOG_LEVEL = env.text(
    "LOG_LEVEL",
    default="INFO",
    form="DEBUG, INFO, WARNING or ERROR",
    of="(?i:debug|info|warning|error)",
).upper()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "console.web.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        # httpx writes each address it calls, and an address can name a customer.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        # It writes paths, and how many requests wait for a thread.
        "waitress": {"level": "ERROR"},
        # observe_pages logs every answer, refusals too.
        "django.request": {"level": "ERROR"},
    },
}

env.close()
