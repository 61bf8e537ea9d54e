"""How a tenant is set up: what has changed, who did it, and the way back."""

import httpx
import pytest
from django_tasks_db.models import DBTaskResult

from console.audit.models import AuditEntry
from console.contract.memory.identity_settings import PutIdentitySettings
from console.contract.memory.store import PatchStore
from console.contract.memory.trait_group import NewTraitDefinition, PatchTraitGroup
from console.monitoring.alerts import send_alert
from console.monitoring.drift import (
    NotPutBack,
    compare,
    find_entries,
    list_entries,
    look,
    plan_return,
    put_back,
    settle,
)
from console.monitoring.models import Snapshot, get_watch
from console.service.outbox import hand_over
from console.tenants.actor import Actor
from console.tenants.models import Role
from console.tenants.services import save_display_settings
from console.wsgi import application
from tests.factories import make_tenant, move_tenant
from tests.monitoring.world import World, channel, settings


@pytest.fixture
def world(tenant) -> World:
    return World(tenant)


@pytest.fixture
def operated(tenant, operator) -> Actor:
    return Actor(operator, tenant, Role.OPERATOR)


def put_by_program(world: World, id_: str, **fields) -> None:
    """As an official client does it: whole, and over HTTP."""
    http = httpx.Client(
        transport=httpx.WSGITransport(app=application), base_url="http://testserver"
    )
    path = f"/v2/ControlPlane/Configurations/{id_}"
    answer = http.put(path, json=fields, auth=world.account._sender._auth)
    assert answer.status_code == 202, answer.text


def list_changes(tenant) -> list[tuple[str, list[str]]]:
    rows = tenant.snapshots.exclude(since=None).order_by("pk")
    return [
        (
            row.thing.partition("/")[0],
            [
                c.label
                for c in compare(row.before.content if row.before else {}, row.content)
            ],
        )
        for row in rows
    ]


def test_compare_names_members_and_takes_none_for_empty():
    before = {"a": {"b": 1, "c": [1, 2]}, "d": None, "on": True, "x": {}}
    after = {"a": {"b": 2, "c": [2, 3]}, "d": "", "on": False}

    found = list(compare(before, after))

    assert [(x.label, x.gone, x.new, x.is_lost) for x in found] == [
        ("a.b", ["1"], ["2"], False),
        ("a.c", ["1"], ["3"], False),
        ("on", ["true"], ["false"], True),
    ]


def test_compare_shows_no_query_of_an_address():
    hooks = [{"url": "https://hooks.example.com/a?token=secret", "method": "POST"}]

    [change] = compare({"hooks": hooks}, {"hooks": []})

    assert change.gone == ['{"url": "https://hooks.example.com/a?…", "method": "POST"}']


def test_look_keeps_nothing_twice(tenant, world):
    world.configure()

    results = [look(tenant), look(tenant)]

    assert [x.state for x in results] == ["holds", "holds"]
    assert list_changes(tenant) == []
    things = {row.kind for row in Snapshot.objects.all()}
    assert things == {"configuration", "group", "store", "identity", "rules", "console"}


def test_look_tells_a_member_that_a_put_dropped(tenant, world):
    id_ = world.configure()
    look(tenant)
    whole = settings(tenant.store_id)
    kept = {k: v for k, v in whole.items() if k != "statusCallbacks"}

    put_by_program(world, id_, **kept)
    hand_over()
    result = look(tenant)

    assert (result.state, result.facts["lost"]) == ("fails", 1)
    words = "The configuration support has lost statusCallbacks."
    assert result.facts["words"] == words
    [row] = Snapshot.objects.exclude(lost=[])
    assert (row.name, row.lost) == (id_, [["statusCallbacks"]])
    assert row.since.replace(microsecond=0) <= row.changed_at < row.at
    [entry] = find_entries(row, list_entries(tenant, [row]))
    assert (entry.role, entry.actor) == ("program", tenant.account_sid)
    assert "hooks.example.com" not in row.before.encrypted_token


def test_look_has_an_alert_sent_of_a_loss_and_of_its_end(tenant, world, operated):
    watch = get_watch(tenant)
    watch.mail = "ops@console.example"
    watch.save()
    id_ = world.configure()
    look(tenant)
    world.put(id_, statusCallbacks=[])

    look(tenant)
    look(tenant)
    lost = Snapshot.objects.exclude(lost=[]).get()
    put_back(lost, plan_return(lost).now.digest, actor=operated)

    sent = DBTaskResult.objects.filter(task_path=send_alert.module_path)
    told = [task.args_kwargs["args"][2] for task in sent.order_by("enqueued_at")]
    assert [(x["check"], x["state"], x["words"]) for x in told] == [
        ("drift", "fails", "The configuration support has lost statusCallbacks."),
        ("drift", "holds", ""),
    ]


def test_look_misses_nothing_that_the_older_api_does_not_tell(tenant):
    look(tenant)
    tenant.dialect = "services"
    tenant.save()

    result = look(tenant)

    assert result.state == "holds"
    assert list_changes(tenant) == []


def test_look_does_not_take_silence_for_a_change(tenant, settings):
    look(tenant)
    settings.MEMORY_ALLOW_PRIVATE = True
    move_tenant(tenant, "http://127.0.0.1:9")

    result = look(tenant)

    assert result.state == "unknown"
    assert list_changes(tenant) == []


def test_look_sees_everything_that_is_set(tenant, world):
    gone = world.configure("gone")
    look(tenant)
    world.configure("new")
    world.api("DELETE", f"/v2/ControlPlane/Configurations/{gone}")
    change_group(world)
    world.store.patch_store(PatchStore(ledger_days=7))
    save_display_settings(tenant, masking={"texts": "clear"}, pinned_groups=[])

    look(tenant)

    assert sorted(list_changes(tenant)) == [
        ("configuration", [""]),
        ("configuration", [""]),
        ("console", ["masking"]),
        ("group", ["description", "traits.lastName", "traits.shoeSize"]),
        ("store", ["ledgerDays"]),
    ]


def test_look_shows_a_configuration_of_another_store_no_more(tenant, world):
    id_, other = world.configure(), make_tenant("globex")
    look(tenant)

    world.patch(id_, memoryStoreId=other.store_id, description="Theirs")
    look(tenant)
    look(other)

    assert list_changes(tenant) == [("configuration", ["memoryStoreId"])]
    row = Snapshot.objects.get(thing=f"configuration/{id_}", is_latest=True)
    assert "Theirs" not in str(row.content)
    assert plan_return(row).why_not.startswith("It names another store now")


def test_put_back_gives_a_configuration_what_it_has_lost(tenant, world, operated):
    id_ = world.configure()
    look(tenant)
    world.put(id_, statusCallbacks=[], channelSettings={"CHAT": channel()})
    look(tenant)
    world.patch(id_, description="Changed since")
    look(tenant)
    lost = Snapshot.objects.exclude(lost=[]).get()
    back = plan_return(lost)

    is_back = put_back(lost, back.now.digest, actor=operated)

    assert is_back
    assert [c.label for c in back.changes] == [
        "channelSettings.CHAT",
        "channelSettings.SMS",
        "statusCallbacks",
    ]
    [now] = world.talks.list_configurations().items
    assert now.channel_settings.keys() == {"SMS"}
    assert now.status_callbacks[0].url == "https://hooks.example.com/talks"
    assert now.description == "Changed since"
    lost.refresh_from_db()
    assert lost.settled_at
    newest = tenant.snapshots.get(thing=lost.thing, is_latest=True)
    [entry] = find_entries(newest, list_entries(tenant, [newest]))
    assert (entry.action, entry.actor) == ("setup.restored", operated.user.email)


def test_put_back_refuses_what_was_changed_meanwhile(tenant, world, operated):
    id_ = world.configure()
    look(tenant)
    world.put(id_, statusCallbacks=[])
    look(tenant)
    lost = Snapshot.objects.exclude(lost=[]).get()
    seen = plan_return(lost).now.digest
    world.patch(id_, description="Somebody else's")

    with pytest.raises(NotPutBack, match="changed meanwhile"):
        put_back(lost, seen, actor=operated)

    [now] = world.talks.list_configurations().items
    assert not now.status_callbacks
    assert not AuditEntry.objects.filter(action="setup.restored").exists()


def change_identity(world: World) -> None:
    now = world.store.identity_settings()
    body = PutIdentitySettings(
        identifier_configs=list(now.identifier_configs)[:1],
        matching_rules=[now.identifier_configs[0].id_type],
        merge_brake="off",
    )
    world.store.put_identity_settings(body, version=now.version)


def change_group(world: World) -> None:
    traits = {
        "lastName": NewTraitDefinition(data_type=""),
        "shoeSize": NewTraitDefinition(data_type="NUMBER"),
    }
    change = PatchTraitGroup(description="Other", traits=traits)
    world.account.wait_for(world.store.patch_trait_group("Contact", change))


def change_rules(world: World) -> None:
    path = f"/v1/ControlPlane/Stores/{world.tenant.store_id}/LearningRules"
    world.api("PUT", path, {"kinds": {"card": "drop"}, "words": ["Project X"]})


@pytest.mark.parametrize(
    "change",
    [
        lambda world: world.store.patch_store(
            PatchStore(ledger_days=7, display_name="other")
        ),
        change_identity,
        change_group,
        change_rules,
    ],
)
def test_put_back_restores_each_thing(tenant, world, operated, change):
    look(tenant)
    before = {row.thing: row.content for row in tenant.snapshots.filter(is_latest=True)}
    change(world)
    look(tenant)

    for row in tenant.snapshots.exclude(since=None):
        back = plan_return(row)
        assert put_back(row, back.now.digest, actor=operated), back.changes

    look(tenant)
    rows = tenant.snapshots.filter(is_latest=True)
    assert {row.thing: row.content for row in rows} == before


def test_put_back_makes_a_trait_group_anew(tenant, world, operated):
    body = {"displayName": "Vehicle", "traits": {"plate": {"dataType": "STRING"}}}
    groups = f"/v1/ControlPlane/Stores/{tenant.store_id}/TraitGroups"
    world.api("POST", groups, body)
    look(tenant)
    world.api("DELETE", f"{groups}/Vehicle")
    look(tenant)
    row = Snapshot.objects.exclude(lost=[]).get()

    is_back = put_back(row, plan_return(row).now.digest, actor=operated)

    assert is_back
    assert "plate" in world.store.fetch_trait_group("Vehicle").definitions


def test_put_back_says_why_it_cannot(tenant, world, operated):
    gone = world.configure()
    look(tenant)
    world.api("DELETE", f"/v2/ControlPlane/Configurations/{gone}")
    save_display_settings(tenant, masking={"texts": "clear"}, pinned_groups=[])
    world.configure("new")
    look(tenant)

    rows = tenant.snapshots.exclude(since=None)
    told = {row: plan_return(row) for row in rows}

    assert len(told) == 3
    for row, back in told.items():
        with pytest.raises(NotPutBack, match=back.why_not[:20]):
            put_back(row, back.now.digest, actor=operated)


def test_settle_takes_what_is_gone_for_meant(tenant, world, operated):
    id_ = world.configure()
    look(tenant)
    world.put(id_, statusCallbacks=[])
    look(tenant)
    row = Snapshot.objects.exclude(lost=[]).get()

    settle(row, actor=operated)

    assert tenant.results.get(kind="drift", is_latest=True).state == "holds"
    assert AuditEntry.objects.get(action="drift.settled").object_id == id_
