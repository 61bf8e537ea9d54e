"""What CI runs by HTTP, with a token: the commands themselves, and their exit codes.

    POST /ci/doctor/<tenant>            JSON
    POST /ci/suite/<tenant>?suite=      JUnit
    POST /ci/onboard?dry_run=1          a plan as the body; text

A parameter with another name or value is refused: a mistyped dry run would be a real one.

Exit code 0 is answered 200, 1 is 422 (it ran, and something is not as it should be), 2 is
502 (that cannot be told). What is not run at all is JSON with `error` and the `field` that
is wrong: 422 for a plan or parameter, 409 for a name that is another's or being worked on.
`X-Exit-Code` is in every answer. A token is read from the header `Authorization: Bearer`
and from nowhere else.
"""

import re
from io import StringIO
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_not_required
from django.core.management import CommandError, call_command
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from console.accounts.limits import Bucket, TooManyTries, count_at_address
from console.audit.log import log_change, log_view
from console.core.errors import DomainError
from console.core.outgoing import within
from console.core.plain_yaml import NotYaml, read_yaml
from console.pages.ci.models import CiToken, Job, get_key
from console.tenants.actor import Actor
from console.tenants.models import SLUG, Tenant

HOUR_S = 3600
# Wrong tokens of one address, before nobody looks at its next ones.
FAILURES = Bucket(most=20, an_hour=20)
RUN_S = 120.0
CANNOT_TELL = 2
STATUSES = {0: 200, 1: 422, CANNOT_TELL: 502}
PLAN_BYTES, PLAN_DEPTH = 200_000, 8
# Of each job the command, what it is told beside the tenant, and what it answers.
COMMANDS = {
    Job.DOCTOR: ("doctor", ("--json",), "application/json"),
    Job.SUITE: ("recall_suite", ("--junit", "-"), "application/xml"),
    Job.ONBOARD: ("onboard", (), "text/plain; charset=utf-8"),
}


class Refused(DomainError):
    def __init__(
        self,
        status: int,
        message: str,
        retry_after_s: float | None = None,
        field: str = "",
    ) -> None:
        super().__init__(message)
        self.status, self.retry_after_s, self.field = status, retry_after_s, field


@csrf_exempt
@login_not_required
def run_job(request: HttpRequest, job: Job, of: str = "") -> HttpResponse:
    """One that the token may run, for a tenant that it is for."""
    try:
        if request.method != "POST":
            raise Refused(405, "Only POST runs something.")
        token = _open(request)
        _check_query(request, job)
        if job not in token.jobs:
            raise _deny(token, 403, f"This token may not run: {Job(job).label}.")
        plan = _read_plan(request) if job == Job.ONBOARD else {}
        slug = str(plan.get("slug", of))
        tenant = Tenant.objects.filter(slug=slug).first()
        if not token.covers(slug) or not (tenant or plan):
            raise _deny(token, 404, "No tenant of this token has this slug.")
        if not _covers_accounts(token, plan):
            raise _deny(token, 403, "No tenant of this token is of this account.")
        return _run(request, token, job, tenant, slug)
    except DomainError as problem:
        answer = _refuse(problem, CANNOT_TELL)
        if problem.status == 401:
            answer["WWW-Authenticate"] = "Bearer"
        if problem.retry_after_s is not None:
            answer["Retry-After"] = str(round(problem.retry_after_s))
        return answer


def _refuse(problem: DomainError, code: int) -> HttpResponse:
    field = getattr(problem, "field", "")
    told = {"error": problem.message} | ({"field": field} if field else {})
    headers = {"X-Exit-Code": str(code)}
    return JsonResponse(told, status=problem.status, headers=headers)


def _check_query(request: HttpRequest, job: Job) -> None:
    known = {Job.ONBOARD: "dry_run", Job.SUITE: "suite"}.get(job, "")
    for name in request.GET:
        if name != known:
            raise Refused(422, f"{name[:40]}: unknown parameter.", field=name[:40])
    if request.GET.get("dry_run", "1") != "1":
        raise Refused(422, "dry_run: is 1, or left out.", field="dry_run")


def _open(request: HttpRequest) -> CiToken:
    """Whose token was sent, with a call counted. Raises Refused."""
    address = get_adapter().get_client_ip(request)
    try:
        tried = count_at_address("ci", address, FAILURES)
    except TooManyTries as many:
        words = "Too many wrong tokens came from this address."
        raise Refused(429, words, many.wait_s) from None
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip() if scheme.lower() == "bearer" else ""
    token = CiToken.objects.find(given)
    if token is None:
        on = ("ci_token", get_key(given))
        log_view(Actor(None, name="CI"), "ci.refused", *on, outcome="denied")
        raise Refused(
            401,
            "A token is needed that is known, and neither expired nor "
            "revoked: Authorization: Bearer mcci_….",
        )
    tried.give_back()
    if not token.count():
        raise _deny(token, 429, "This token has run enough for an hour.", HOUR_S)
    return token


def _deny(
    token: CiToken, status: int, message: str, retry_after_s: float | None = None
) -> Refused:
    """After logging the attempt."""
    actor, on = Actor(None, name="CI", key=token.key), ("ci_token", token.key)
    log_view(actor, "ci.refused", *on, outcome="denied", status=status)
    return Refused(status, message, retry_after_s)


def _read_plan(request: HttpRequest) -> dict[str, Any]:
    """As far as it has to be known whom it is about. Raises Refused."""
    if len(request.body) > PLAN_BYTES:
        raise Refused(413, "A plan has at most 200 kB.", field="plan")
    try:
        plan = read_yaml(request.body, depth_max=PLAN_DEPTH)
    except NotYaml as problem:
        raise Refused(422, str(problem), field="plan") from None
    slug = isinstance(plan, dict) and plan.get("slug")
    if not (isinstance(plan, dict) and isinstance(slug, str) and re.match(SLUG, slug)):
        raise Refused(422, "slug: is required, of a-z, 0-9 and hyphens.", field="slug")
    return plan


def _covers_accounts(token: CiToken, plan: dict[str, Any]) -> bool:
    """A token of some tenants uses no other's account."""
    opens = plan.get("opens")
    owner = opens.get("owner") if isinstance(opens, dict) else None
    used = {str(sid) for sid in (plan.get("account"), owner) if sid}
    own = Tenant.objects.filter(slug__in=token.slugs, account_sid__in=used)
    return not token.slugs or used <= set(own.values_list("account_sid", flat=True))


def _run(
    request: HttpRequest, token: CiToken, job: Job, tenant: Tenant | None, slug: str
) -> HttpResponse:
    actor = Actor(None, tenant, name="CI", key=token.key)
    command, args, media_type = COMMANDS[job]
    options: dict[str, Any] = {"actor": actor}
    if job == Job.SUITE:
        options["suite"] = request.GET.get("suite", "")
    if job == Job.ONBOARD:
        options["content"] = request.body
        args = ("--dry-run",) if request.GET.get("dry_run") else ()
    out, words, code, cause = StringIO(), "", 0, None
    on = ("tenant", str(tenant.pk)) if tenant else ("client", slug)
    with log_change(actor, "ci.run", *on, job=job.value) as closing:
        try:
            with within(RUN_S):
                call_command(command, slug, *args, stdout=out, **options)
        except CommandError as problem:
            words, code, cause = str(problem), problem.returncode, problem.__cause__
        closing["exit"] = code
    if isinstance(cause, DomainError) and hasattr(cause, "field"):
        return _refuse(cause, code)
    text = out.getvalue()
    if job == Job.ONBOARD:
        text += words
    answer = (
        HttpResponse(text, content_type=media_type)
        if text
        else JsonResponse({"error": words})
    )
    answer.status_code = STATUSES.get(code, 502)
    answer["X-Exit-Code"] = str(code)
    return answer
