"""From a plan to a client who is live."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import msgspec
import pytest
from django.db import connections
from django.utils import timezone
from msgspec.structs import asdict, replace

from console.audit.models import AuditEntry
from console.audit.signing import verify
from console.contract.conversations.configuration import ChannelSetting
from console.demo.segment import Emulator
from console.monitoring import canary, drift
from console.monitoring import models as kept
from console.monitoring.checks import judge_all
from console.monitoring.evidence import gather_evidence
from console.monitoring.models import Watch
from console.pages.onboarding import engine, steps
from console.pages.onboarding.copying import copy_tenant
from console.pages.onboarding.engine import advance, begin, go_live, look, undo
from console.pages.onboarding.models import Onboarding
from console.pages.onboarding.plan import (
    IdentityRules,
    Plan,
    build_legal_name,
    build_slug,
    read_plan,
    write_plan,
)
from console.pages.onboarding.steps import (
    BY_NAME,
    STEPS,
    Bench,
    StepRefused,
    list_stores,
)
from console.service.conversations.learning import learn
from console.service.models import Account
from console.tenants.actor import Actor
from console.tenants.models import Tenant
from console.tenants.services import TenantTaken
from console.tenants.vault import open_account, open_store
from tests.factories import make_account, make_store, make_tenant
from tests.monitoring.world import list_wrong

SHELL = Actor(None, name="command line")
PLAN = """
name: Alpenglow Outfitters
slug: alpenglow
store: Alpenglow-Outfitters
opens: {name: Alpenglow}
template: text-and-voice
identity: {phoneRegion: DE, timeZone: Europe/Berlin, limits: {phone: 5}}
learning: {kinds: {phone: redact}, words: [password]}
knowledge: [help-centre]
"""


@pytest.fixture
def row(db, settings, monkeypatch):
    """With the secrets of a Segment that is emulated."""
    secrets = {"token": "profile-token", "write_key": "write-key"}
    monkeypatch.setattr(Onboarding, "given", secrets)
    plan = f"{PLAN}segment: {{space: spa_emulator}}\n"
    with Emulator() as emulator:
        settings.SEGMENT_URL = emulator.url
        yield begin(read_plan(plan.encode()), SHELL)


def finish(row: Onboarding, until: str = "") -> list[str]:
    """The names of what is done, one after the other."""
    done = []
    while (not done or done[-1] != until) and (step := advance(row, SHELL)):
        done.append(step.name)
        work()
        assert len(done) < 2 * len(STEPS)
    return list(dict.fromkeys(done))


def work() -> None:
    """What the worker does meanwhile."""
    for watch in Watch.objects.exclude(run={}):
        while not canary.advance(watch, Actor(None, watch.tenant, name="worker")):
            learn.func()


# What an embedded memory has done as soon as the store is made.
AT_ONCE = "active"


def test_advance_does_each_step_once_in_its_order(row):
    planned = [each.state for each in look(row)]

    done = finish(row)

    assert planned == ["next", *["later"] * (len(STEPS) - 1)]
    assert done == [step.name for step in STEPS if step.name != AT_ONCE]
    assert {each.state for each in look(row)} == {"done"}
    assert advance(row, SHELL) is None
    assert Bench(row).client.list_profiles().items == ()


class Killed(BaseException):
    """As the process would be: nothing of ours catches it."""


def test_advance_goes_on_after_it_was_killed_behind_each_step(row, monkeypatch):
    """After the effect of each and before its record, and once more at the account's."""
    killed, keep, keep_secret = [], engine.keep_outcome, steps.keep_secret

    def die_first(name, then, *args):
        if name not in killed:
            killed.append(name)
            raise Killed
        then(*args)

    monkeypatch.setattr(
        engine,
        "keep_outcome",
        lambda row, step, by: die_first(step.name, keep, row, step, by),
    )
    monkeypatch.setattr(
        steps,
        "keep_secret",
        lambda row, text: die_first("token", keep_secret, row, text),
    )

    while True:
        row = Onboarding.objects.get()
        try:
            if advance(row, SHELL) is None:
                break
        except Killed:
            continue
        finally:
            work()

    assert set(killed) == {step.name for step in STEPS} | {"token"}
    account = Bench(row).account
    assert [store.display_name for store in list_stores(account)] == [
        row.read_plan().store
    ]
    assert len(account.list_configurations().items) == 1
    assert len(account.knowledge.list_bases().items) == 1
    assert Tenant.objects.count() == Account.objects.count() == 1
    assert Bench(row).client.list_profiles().items == ()
    assert {each.state for each in look(row)} == {"done"}


def test_undo_takes_every_step_back_and_it_can_be_done_again(row):
    finish(row, "segment")
    names = []
    while step := undo(row, SHELL):
        names.append(step.name)
    accounts, tenants = Account.objects.count(), Tenant.objects.count()
    states = {each.state for each in look(row)}

    again = finish(row, "segment")

    undone = [step.name for step in STEPS if not step.leaves_nothing]
    assert names == undone[::-1]
    assert (accounts, tenants) == (0, 0)
    assert states == {"next", "later"}
    assert again[0] == "account"
    assert [each.state for each in look(row)].count("later") == 2


def test_undo_restores_what_was_there_before(row):
    """The store is this client's already, and works."""
    mine = make_tenant("older")
    store = open_store(mine)
    row = take_in(mine)
    before = [step.look(Bench(row)) for step in STEPS]

    finish(row)
    while undo(row, SHELL):
        pass

    assert [step.look(Bench(row)) for step in STEPS][:-3] == before[:-3]
    assert store.list_profiles().items == ()


def take_in(tenant: Tenant) -> Onboarding:
    fields = {"account": tenant.account_sid, "slug": tenant.slug, "name": tenant.name}
    plan = read_plan(PLAN.encode())
    store = f"client-{tenant.slug}"
    plan = replace(plan, opens=None, store=store, **fields)
    return begin(plan, SHELL, tenant=tenant)


def test_steps_refuse_what_comes_before_what_they_need(row):
    for name in ("tenant", "groups", "configuration", "link", "doctor", "recall"):
        step, bench = BY_NAME[name], Bench(row)
        with pytest.raises(StepRefused):
            step.apply(bench, step.want(bench), SHELL)

    assert Tenant.objects.count() == 0


def test_sheet_says_what_the_doctor_doubts(row):
    finish(row)

    go_live(row, SHELL)

    assert "captures nothing" in row.sheet["doubts"]


def test_sheet_forgets_a_doubt_that_the_doctor_has_no_more(row):
    finish(row)
    kept.record(row.tenant, kept.Kind.DOCTOR, kept.Health.HOLDS, words="", first="")

    go_live(row, SHELL)

    assert row.sheet["doubts"] == ""


def test_go_live_signs_what_is_green_and_nothing_else(row):
    with pytest.raises(StepRefused, match="Account, Store"):
        go_live(row, SHELL)
    finish(row)
    del row.outcomes["segment"]  # entered on its page

    go_live(row, SHELL)

    verify(row.sheet)
    assert row.sheet["steps"].keys() == BY_NAME.keys()
    assert all(step["at"] for step in row.sheet["steps"].values())
    assert row.sheet["segment"] == "set up, and an event arrived"
    assert row.encrypted_token == ""
    go_live(row, SHELL)  # once more changes nothing
    assert undo(row, SHELL) is None
    assert AuditEntry.objects.filter(action="onboarding.live").count() == 1
    # What is changed before the first night is seen.
    assert row.tenant.snapshots.filter(thing__startswith="configuration/").exists()
    assert row.tenant.results.filter(kind=kept.Kind.DRIFT, state="holds").exists()


def test_go_live_is_followed_by_what_the_plan_says_later(row):
    finish(row)
    go_live(row, SHELL)
    plan = row.read_plan()
    engine.change_plan(
        row, replace(plan, groups={"Account": {"tier": "NUMBER"}}), SHELL
    )

    done = finish(row)

    assert done == ["groups", "doctor", "canary"]
    assert advance(row, SHELL) is None
    drift.look(row.tenant)
    [change] = row.tenant.snapshots.exclude(since=None)
    [entry] = drift.find_entries(change, drift.list_entries(row.tenant, [change]))
    assert (change.thing, entry.role) == ("group/Account", "command line")


def test_store_of_somebody_else_is_left_alone_until_it_is_adopted(db):
    account = make_account()
    sid, token = account["accountSid"], account["authToken"]
    make_store(sid, "Alpenglow-Outfitters")
    plan = replace(read_plan(PLAN.encode()), opens=None, account=sid)
    row = begin(plan, SHELL, secret=token)

    with pytest.raises(StepRefused, match="adopt it"):
        finish(row)
    while undo(row, SHELL):
        pass
    engine.give_up(row, SHELL)
    row = begin(replace(plan, adopt=True), SHELL, secret=token)
    finish(row, "tenant")
    while undo(row, SHELL):
        pass

    assert [each.display_name for each in list_stores(Bench(row).account)] == [
        plan.store
    ]


def test_store_of_another_tenant_is_not_adopted(db):
    theirs = make_tenant("theirs")
    plan = replace(
        read_plan(PLAN.encode()),
        opens=None,
        account=theirs.account_sid,
        store="client-theirs",
        adopt=True,
    )
    row = begin(plan, SHELL)

    with pytest.raises(StepRefused, match="is another tenant's"):
        finish(row)

    assert find_next(row) == "store"


def find_next(row: Onboarding) -> str:
    return next(each.step.name for each in look(row) if each.state == "next")


def test_doctor_wants_a_link_where_the_plan_has_one(db):
    mine = make_tenant("older")
    row = take_in(mine)
    linked = list_wrong(gather_evidence(mine))
    plan = replace(row.read_plan(), template="store-only")
    engine.change_plan(row, plan, SHELL)

    mine = Tenant.objects.get()
    evidence = gather_evidence(mine)

    assert linked == ["configuration"]
    assert list_wrong(evidence) == []
    told = {each.name: each.findings for each in judge_all(evidence, {})}
    assert "The client's plan has no channels" in told["configuration"][0].words
    assert told["extraction"] == told["configuration"]


def test_hold_is_for_one_at_a_time_and_ends_by_itself(row):
    stale = Onboarding.objects.get()
    with engine.hold(row):
        advance(row, SHELL)
        with pytest.raises(engine.Busy, match="by another run"), engine.hold(stale):
            pass
        Onboarding.objects.update(held_until=timezone.now())

    with engine.hold(stale):
        pass

    assert stale.outcomes.keys() == {"account"}


def test_hold_sets_no_client_up_again_who_was_removed(db):
    mine = make_tenant("older")
    row, now = take_in(mine), timezone.now()
    Onboarding.objects.update(live_at=now, sheet={})
    Tenant.objects.update(removed_at=now)

    with pytest.raises(TenantTaken, match="was removed"), engine.hold(row):
        pass

    row.refresh_from_db()
    assert row.held_until is None


def test_begin_says_whether_a_client_is_live_already(row):
    under_way = refuse_again()
    Onboarding.objects.update(live_at=timezone.now(), sheet={})

    assert under_way == "alpenglow is being onboarded already."
    assert refuse_again() == "alpenglow is live already."


def refuse_again() -> str:
    with pytest.raises(TenantTaken) as refused:
        begin(read_plan(PLAN.encode()), SHELL)
    return refused.value.message


@pytest.mark.parametrize(
    ("step", "field", "words"),
    [
        ("identity", {"identity": IdentityRules(limits={"fax": 3})}, "is fax"),
        ("display", {"masking": {"group/Acount": "hide"}}, "group Acount"),
        ("display", {"pinned": ["Acount"]}, "group Acount"),
    ],
)
def test_steps_refuse_what_the_store_does_not_know(db, step, field, words):
    row = take_in(make_tenant("older"))
    row.keep_plan(replace(row.read_plan(), template="store-only", **field))

    with pytest.raises(StepRefused, match=words):
        BY_NAME[step].apply(bench := Bench(row), BY_NAME[step].want(bench), SHELL)


def test_names_are_written_out():
    assert build_legal_name("Fjord & Søn, Łódź Straße") == "Fjord-Son-Lodz-Strasse"


def test_begin_takes_a_name_for_one_of_twenty(transactional_db):
    """In any case, and with letters that look like others, all at the same moment."""
    account = make_account()
    names = ["Alpenglow", "ALPENGLOW", "alpenglow", "A1penglow", "Аlpenglow"] * 4
    together, told = Barrier(len(names)), []

    def onboard(name: str) -> None:
        plan = replace(
            read_plan(PLAN.encode()),
            name=name,
            slug=build_slug(name),
            store=build_legal_name(name),
            opens=None,
            account=account["accountSid"],
        )
        together.wait(60)
        try:
            finish(begin(plan, SHELL, secret=account["authToken"]), "link")
            told.append("done")
        except TenantTaken as taken:
            told.append(taken.message)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(names)) as pool:
        for future in [pool.submit(onboard, name) for name in names]:
            future.result()

    assert told.count("done") == 1
    assert len(told) == len(names)
    alike = ("being onboarded", "looks the same", "alphabets that look alike")
    assert all(any(words in each for words in alike) for each in told if each != "done")
    assert Tenant.objects.count() == Onboarding.objects.count() == 1
    [tenant] = Tenant.objects.all()
    assert len(list_stores(open_account(tenant))) == 1


def test_copy_tenant_is_a_template_that_makes_the_same(row):
    finish(row, "segment")
    tenant = Bench(row).added
    fields = asdict(copy_tenant(tenant))
    twin = Plan(
        name="Twin", slug="twin", store="Twin", account=tenant.account_sid, **fields
    )

    row = begin(read_plan(write_plan(twin)), SHELL)
    finish(row, "segment")

    mine = {
        "account",
        "store",
        "tenant",
        "knowledge",
        "configuration",
        "link",
        "segment",
    }
    theirs = {
        each.step.name: each.wants
        for each in look(Onboarding.objects.get(slug="alpenglow"))
    }
    by_default = {("mask texts", "detect"), ("mask identifiers", "detect")}
    for each in look(row):
        if each.step.name == "segment":
            assert each.wants == {}
        if each.step.name not in mine:
            asked = theirs[each.step.name].items() - by_default
            assert asked <= each.wants.items()


def test_onboarding_logs_each_act_and_no_secret(row):
    finish(row, "segment")
    undo(row, SHELL)

    entries = AuditEntry.objects.filter(action__startswith="onboarding.")
    told = {(e.action, e.details.get("step")) for e in entries if e.outcome == "done"}
    assert ("onboarding.begun", None) in told
    assert ("onboarding.step", "link") in told
    assert ("onboarding.undone", "segment") in told
    assert steps.get_secret(row) not in str(list(AuditEntry.objects.values()))


def test_canary_that_fails_is_told_once_and_run_again(row):
    finish(row, "doctor")
    kept.record(
        Bench(row).added, kept.Kind.CANARY, kept.Health.FAILS, words="Not listed."
    )

    with pytest.raises(StepRefused, match=r"Canary: fails\. Not listed\."):
        advance(row, SHELL)
    finish(row)

    assert {each.state for each in look(row)} == {"done"}


def test_doctor_that_finds_something_stops_it(row):
    finish(row, "segment")
    plan = row.read_plan()
    without = {"SMS": {"captureRules": [{"from": "*", "to": "*"}]}}
    channels = msgspec.convert(without, dict[str, ChannelSetting])
    engine.change_plan(row, replace(plan, channels=channels), SHELL)

    with pytest.raises(StepRefused, match="Doctor: fails"):
        finish(row)
