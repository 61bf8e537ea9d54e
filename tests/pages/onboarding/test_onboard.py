"""`manage.py onboard`."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from console.demo.segment import Emulator
from console.pages.onboarding.management.commands import onboard as command
from console.pages.onboarding.models import Onboarding
from console.segment import workspaces
from console.segment.models import Workspace
from console.service.memory.models import Store
from console.tenants.models import Tenant
from tests.factories import make_account, make_tenant
from tests.pages.onboarding.test_engine import PLAN, work

# Few steps, each of which costs a while.
SMALL = re.sub("(?m)^(template|learning|knowledge):.*", "", PLAN)


@pytest.fixture
def onboard(db, tmp_path, monkeypatch):
    """Runs it with a plan, a worker beside it: its exit code, and what it says."""
    monkeypatch.setattr(command, "pause", lambda s: work() or True)

    def run(plan: str = PLAN, *options: str) -> tuple[int, str]:
        (tmp_path / "plan.yaml").write_text(plan)
        out = io.StringIO()
        try:
            call_command("onboard", str(tmp_path / "plan.yaml"), *options, stdout=out)
        except CommandError as error:
            return error.returncode, f"{out.getvalue()}{error}"
        return 0, out.getvalue()

    return run


def test_onboard_says_the_diff_does_it_and_then_changes_nothing(onboard):
    planned, diff = onboard(PLAN, "--dry-run")
    kept = Onboarding.objects.count(), Store.objects.count()
    done, words = onboard()
    before = Onboarding.objects.values().get()
    again, nothing = onboard()
    dry, _ = onboard(PLAN, "--dry-run")

    assert (planned, done, again, dry) == (1, 0, 0, 0)
    assert kept == (0, 0)
    assert "Trait groups   + Account.customerNumber: STRING" in diff
    assert "Link           + extraction: yes" in diff
    assert diff.splitlines()[:-1] == words.splitlines()[: len(diff.splitlines()) - 1]
    assert "alpenglow is live." in words
    assert nothing == "All is as the plan says.\n"
    assert Onboarding.objects.values().get() == before


def test_onboard_learns_from_channels_unless_the_plan_says_no(onboard):
    plan = SMALL + "channels: {SMS: {statusTimeouts: {inactive: 10, closed: 60}}}\n"

    _, words = onboard(plan, "--dry-run")
    _, without = onboard(plan + "extraction: 'no'\n", "--dry-run")

    assert "extraction: yes" in words
    assert "extraction: no" in without


def test_onboard_does_what_a_changed_plan_adds(onboard):
    onboard(SMALL)

    code, words = onboard(SMALL.replace("{phone: 5}", "{phone: 7}"))

    assert code == 0
    assert words.startswith("Identity rules ~ limit of phone: 5 -> 7\n")


SEGMENT = SMALL + "segment: {space: spa_emulator, name: Shop}\n"


@pytest.fixture
def secrets(monkeypatch, settings):
    """Of a Segment that is emulated, in the environment."""
    with Emulator() as emulator:
        settings.SEGMENT_URL = emulator.url
        monkeypatch.setenv("SEGMENT_TOKEN", "profile-token")
        monkeypatch.setenv("SEGMENT_WRITE_KEY", "write-key")
        yield emulator


def test_onboard_sets_segment_up_with_secrets_of_the_environment(onboard, secrets):
    _, diff = onboard(SEGMENT, "--dry-run")
    code, words = onboard(SEGMENT)
    again = onboard(SEGMENT)
    workspace, row = Workspace.objects.get(), Onboarding.objects.get()

    assert "Segment        + profile access token: ••••\n" in diff
    assert code == 0, words
    assert "done: Segment" in words
    assert again == (0, "All is as the plan says.\n")
    assert (workspace.name, workspace.space, workspace.region) == (
        "Shop",
        "spa_emulator",
        "US",
    )
    assert workspace.secrets["write_key"] == "write-key"
    assert row.sheet["segment"] == "set up, and an event arrived"
    kept = f"{diff}{words}{row.plan}{row.outcomes}{row.sheet}"
    assert "profile-token" not in kept
    assert "write-key" not in kept


def test_onboard_goes_live_without_the_secrets_of_segment(
    onboard, secrets, monkeypatch
):
    monkeypatch.delenv("SEGMENT_WRITE_KEY")

    code, words = onboard(SEGMENT)

    assert code == 0
    assert "Segment        ! Not set up: no write key was given. " in words
    assert "no write key was given" in Onboarding.objects.get().sheet["segment"]
    assert not Workspace.objects.exists()


def test_onboard_takes_another_write_key_after_one_that_loses_events(
    onboard, secrets, monkeypatch
):
    monkeypatch.setattr(workspaces, "PATIENCE_S", 0)
    monkeypatch.setenv("SEGMENT_WRITE_KEY", "another")

    code, words = onboard(SEGMENT)
    monkeypatch.setenv("SEGMENT_WRITE_KEY", "write-key")
    mended, _ = onboard(SEGMENT)

    assert code == 1
    assert "the write key is of no source" in words
    assert mended == 0
    assert Workspace.objects.get().secrets["write_key"] == "write-key"


def test_onboard_leaves_a_workspace_that_works_where_no_event_arrives(
    onboard, secrets, monkeypatch
):
    onboard(SEGMENT)
    monkeypatch.setattr(workspaces, "PATIENCE_S", 0)

    code, words = onboard(SEGMENT.replace("spa_emulator", "spa_another"))
    kept = Workspace.objects.get().space
    again, _ = onboard(SEGMENT)

    assert code == 1
    assert "the space id is of another space" in words
    assert (kept, again) == ("spa_emulator", 0)


def test_onboard_refuses_what_segment_does_and_keeps_nothing(
    onboard, secrets, monkeypatch
):
    monkeypatch.setenv("SEGMENT_TOKEN", "another")

    code, words = onboard(SEGMENT)
    refused = Workspace.objects.exists()
    monkeypatch.setenv("SEGMENT_TOKEN", "profile-token")
    mended, _ = onboard(SEGMENT)

    assert code == 1
    assert "Profile access token: " in words
    assert (refused, mended) == (False, 0)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (PLAN + "segment: {space: spa_1, token: t-1}", "segment.token"),
        (PLAN + "segment: {space: spa 1}", "segment.space: Expected"),
        (PLAN + "slug: other", "Line 10: there is this name already."),
        (PLAN.replace("Alpenglow Outfitters", "' '"), "name: one line"),
        (PLAN + "masking: {group: hide}", "masking: Expected"),
        ("name: [", "This is not YAML."),
        ("name: Alpenglow", "Object missing required field `slug`"),
        (PLAN + "colour: red", "unknown field `colour`"),
        (
            PLAN.replace("Alpenglow-Outfitters", "Alpenglow Outfitters"),
            "store: Expected",
        ),
        (PLAN.replace("text-and-voice", "telex"), "template: telex"),
        (
            PLAN.replace("opens: {name: Alpenglow}", "account: AC" + "0" * 32),
            "auth token",
        ),
        (PLAN + "pinned: &a [Account]\nmasking: *a", "Aliases are not read"),
        (PLAN + "retention: {summary: 9, observation: 0}", "retention.observation:"),
        (PLAN + "groups: {A.b: {c: N}, D: {e: STRING}}", "groups.A.b.c: Invalid"),
        (PLAN + "'x - at `$[...]`': 1", "unknown field"),
        (
            PLAN + "channels: {SMS: {captureRules: [{from: a, to: b, too: c}]}}",
            "channels.SMS.captureRules[0].too: there is no such field",
        ),
    ],
)
def test_onboard_cannot_tell_by_what_is_no_plan(onboard, plan, words):
    code, said = onboard(plan)

    assert code == 2
    assert words in said


def test_onboard_refuses_a_name_that_looks_like_a_tenants(onboard):
    make_tenant("alpenglow-2", "A1penglow Outfitters")

    for option in ("--dry-run", "--no-color"):
        code, words = onboard(PLAN, option)
        assert (code, "looks the same" in words) == (1, True)

    assert Tenant.objects.count() == 1


def test_onboard_takes_the_token_of_an_account_from_the_environment(
    onboard, monkeypatch
):
    account = make_account()
    named = f"account: {account['accountSid']}"
    plan = SMALL.replace("opens: {name: Alpenglow}", named)

    monkeypatch.setenv("ONBOARD_TOKEN", account["authToken"])

    assert onboard(plan)[0] == 0
    assert Tenant.objects.get().account_sid == account["accountSid"]


def test_onboard_takes_a_tenant_in_who_was_there_before_plans(onboard):
    tenant = make_tenant("alpenglow", "Alpenglow Outfitters")
    plan = SMALL.replace("opens: {name: Alpenglow}", f"account: {tenant.account_sid}")

    code, words = onboard(plan.replace("Alpenglow-Outfitters", "client-alpenglow"))

    assert (code, "is live" in words) == (0, True)
    assert Tenant.objects.get() == tenant
