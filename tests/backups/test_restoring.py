"""A backup and back again, with what was deleted since left out."""

import gc
import io
import json
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.models.signals import post_migrate
from django.utils import timezone

from console.accounts.models import User
from console.audit.models import AuditEntry, AuditHead
from console.audit.verification import verify_log
from console.backups.databases import open_database
from console.client.errors import MemoryConflict
from console.pages.deletions.services import Target, delete_item
from console.profiles.items import ITEM_KINDS
from console.service.conversations.models import ModelUsage
from console.service.memory.identifiers import delete_identifier, patch_identifier
from console.service.memory.models import (
    Identifier,
    ImportChunk,
    Observation,
    Profile,
    ProfileImport,
    Store,
    Summary,
    Tombstone,
    Trait,
)
from console.service.models import Account
from console.tenants.actor import Actor
from console.tenants.models import Role
from console.tenants.services import add_member
from console.tenants.vault import open_account, open_store
from tests.factories import make_items, make_observation, make_profile, make_tenant

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = (Store, Profile, Observation, Summary, Trait, Identifier)
EACH = 25


def vendor() -> str:
    return connections["memory"].vendor


@pytest.fixture(scope="module", autouse=True)
def nobody_else():
    """A connection that a thread of an earlier test left open is one until it is
    collected, and nothing is restored into a file that somebody uses."""
    gc.collect()


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where the backup goes; PostgreSQL's programs run as whoever runs the tests."""
    return tmp_path / "backup"


def run(command, folder, *options) -> str:
    out = io.StringIO()
    call_command(command, str(folder), *options, stdout=out)
    return out.getvalue()


def restore(folder, *options) -> str:
    return run("restore", folder, "--force", *options)


def count(*kinds) -> dict[str, int]:
    return {kind.__name__: kind.objects.count() for kind in kinds or KINDS}


def delete_by_console(tenant, officer, kind, *ids) -> None:
    target = Target(ITEM_KINDS[kind], ids[0], ids[-1])
    deletion = delete_item(
        target,
        Actor(officer, tenant, Role.OFFICER),
        counts={},
        reason_code="customer_request",
        reason="Ticket 4711",
    )
    assert deletion.state == "done"


def delete_everything(tenant, officer, profiles, items, other) -> None:
    """By turns in the console and by the API; what only the API can delete, there."""
    store = open_store(tenant)
    for turn, profile in enumerate(profiles):
        if turn % 2:
            store.delete_profile(profile)
        else:
            delete_by_console(tenant, officer, "profile", profile)
    for kind, list_page, delete in (
        ("observation", store.list_observations, store.delete_observation),
        ("summary", store.list_summaries, store.delete_summary),
    ):
        for turn, item in enumerate(list_page(items, page_size=50).items):
            if turn % 2:
                delete(items, item.id)
            else:
                delete_by_console(tenant, officer, kind, items, item.id)
    store.patch_profile(items, {"Contact": {"city": None, "street": None}})
    row = Store.objects.get(id=store.store_id)
    delete_identifier(row, items, id_type="chat", remove_all=True)
    open_account(other).delete_store(other.store_id)


@pytest.fixture
def backed_up(tenant, officer, folder) -> dict[str, int]:
    """A backup, and all in it deleted since but a neighbour; how much is left."""
    neighbour = make_profile(tenant, email="neighbour@example.com")
    make_items(tenant, neighbour, observations=3, summaries=3)
    other = make_tenant("other")
    make_observation(other, make_profile(other))
    for store_id in (tenant.store_id, other.store_id):
        ModelUsage.objects.create(store_id=store_id, day=date(2026, 3, 2), calls=1)
    profiles = [make_profile(tenant) for _ in range(EACH)]
    for profile in profiles:
        make_items(tenant, profile, observations=1, summaries=1)
    items = make_profile(tenant, email="i@example.com", city="Ulm", street="A 1")
    make_items(tenant, items, observations=EACH, summaries=EACH)
    for number in range(3):
        open_store(tenant).add_identifier(items, "chat", f"chat-{number}")
    run("backup", folder)
    delete_everything(tenant, officer, profiles, items, other)
    return count()


def test_restore_brings_back_nothing_that_was_deleted_since(folder, backed_up):
    said = restore(folder)

    assert count() == backed_up
    assert (
        "1 stores, 25 profiles, 25 observations, 25 summaries, 2 traits, 3 identifiers"
    ) in said
    assert verify_log().is_sound
    entry = AuditEntry.objects.latest("seq")
    assert (entry.action, entry.details["deleted_again"]) == ("backup.restored", 81)


def test_restore_without_the_ledger_would_bring_back_what_the_api_deleted(
    folder, backed_up
):
    Tombstone.objects.all().delete()

    restore(folder)

    # Twelve of the tenant's, and the one in the store that was deleted.
    assert count(Profile)["Profile"] == backed_up["Profile"] + EACH // 2 + 1


def test_restore_of_the_memory_alone_keeps_the_console(folder, backed_up):
    entries = AuditEntry.objects.count()

    restore(folder, "--only", "memory")

    assert count() == backed_up
    assert AuditEntry.objects.count() == entries + 1
    assert verify_log().is_sound


def test_restore_goes_by_the_consoles_receipts_where_a_ledger_was_lost(
    folder, tenant, officer
):
    profile = make_profile(tenant)
    run("backup", folder)
    delete_by_console(tenant, officer, "profile", profile)
    Tombstone.objects.all().delete()

    restore(folder, "--only", "memory")

    assert not Profile.objects.filter(id=profile).exists()


def test_restore_leaves_out_what_was_merged_before_it_was_deleted(folder, tenant):
    store = open_store(tenant)
    first = make_profile(tenant, email="one@example.com", city="Ulm")
    second = make_profile(tenant, phone="+14155550123")
    make_observation(tenant, second)
    run("backup", folder)
    store.add_identifier(second, "email", "one@example.com")
    store.delete_profile(first)

    restore(folder)

    assert count(Profile, Observation, Trait) == {
        "Profile": 0,
        "Observation": 0,
        "Trait": 0,
    }


def test_restore_keeps_a_trait_that_came_again_before_the_backup(folder, tenant):
    store = open_store(tenant)
    profile = make_profile(tenant, email="a@example.com", city="Ulm")
    store.patch_profile(profile, {"Contact": {"city": None}})
    store.patch_profile(profile, {"Contact": {"city": "Bonn"}})
    run("backup", folder)

    restore(folder)

    assert store.fetch_profile(profile).traits["Contact"]["city"] == "Bonn"


def test_restore_keeps_an_identifier_that_took_a_deleted_ones_place(folder, tenant):
    store = open_store(tenant)
    profile = make_profile(tenant, email="a@example.com")
    store.add_identifier(profile, "chat", "first")
    store.add_identifier(profile, "chat", "second")
    row = Store.objects.get()
    delete_identifier(row, profile, id_type="chat", remove_all=False)
    (left,) = Identifier.objects.filter(id_type="chat").values_list("value", flat=True)
    gone = {"first": "second", "second": "first"}[left]
    patch_identifier(row, profile, id_type="chat", old=left, new=gone)
    run("backup", folder)

    restore(folder)

    assert Identifier.objects.filter(id_type="chat", value=gone).exists()


def test_restore_keeps_a_trait_that_a_merge_brought_again(folder, tenant):
    store = open_store(tenant)
    other = make_profile(tenant, phone="+14155550123", city="Bonn")
    make_profile(tenant, email="a@example.com", city="Ulm")
    store.patch_profile(other, {"Contact": {"city": None}})
    store.add_identifier(other, "email", "a@example.com")
    assert Trait.objects.filter(profile_id=other, name="city").exists()
    run("backup", folder)

    restore(folder)

    assert Trait.objects.filter(profile_id=other, name="city").exists()


def test_restore_leaves_out_the_value_that_another_took_the_place_of(folder, tenant):
    profile = make_profile(tenant, email="wrong@example.com")
    run("backup", folder)
    patch_identifier(
        Store.objects.get(),
        profile,
        id_type="email",
        old="wrong@example.com",
        new="right@example.com",
    )

    restore(folder)

    assert not Identifier.objects.filter(value="wrong@example.com").exists()


def test_restore_keeps_what_is_not_to_be_learned_again(folder, tenant):
    run("backup", folder)
    erased = make_profile(tenant, email="ada@example.com")
    open_store(tenant).delete_profile(erased, suppress=True)

    restore(folder)

    with pytest.raises(MemoryConflict):
        make_profile(tenant, email="ada@example.com")


def test_restore_drops_an_import_that_was_under_way(folder, tenant):
    store_id, now = tenant.store_id, timezone.now()
    ProfileImport.objects.create(
        store_id=store_id,
        id="mem_import_1",
        filename="x.csv",
        file_size=9,
        column_mappings=[],
        status="PROCESSING",
        operation_id="mem_operation_1",
        created_at=now,
        updated_at=now,
    )
    ImportChunk.objects.create(
        store_id=store_id, import_id="mem_import_1", number=0, content=b"email,city"
    )
    run("backup", folder)

    said = restore(folder)

    assert "imports dropped: 1" in said
    assert ProfileImport.objects.get().status == "FAILED"
    assert not ImportChunk.objects.exists()


def test_backup_writes_a_new_folder_for_its_owner_alone(folder, tenant):
    run("backup", folder)

    manifest = json.loads((folder / "manifest.json").read_text())
    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(manifest["databases"]) == {"default", "memory"}
    assert manifest["databases"]["memory"]["migrations"]["service"][:4].isdigit()
    assert AuditEntry.objects.latest("seq").action == "backup.taken"
    assert not folder.with_name("backup.partial").exists()
    with pytest.raises(CommandError, match="exists already"):
        run("backup", folder)


def refuse(folder, words, *options) -> None:
    """The restore says so, and leaves everything as it is."""
    before = count(), AuditEntry.objects.count()

    with pytest.raises(CommandError, match=words) as raised:
        run("restore", folder, *options)

    assert str(raised.value).endswith("Nothing was changed.")
    assert (count(), AuditEntry.objects.count()) == before
    assert open_database("memory").exists()


def test_restore_refuses_to_replace_data_unless_told_to(folder, tenant):
    run("backup", folder)

    refuse(folder, r"memory: holds data .* --force")


def test_restore_refuses_while_somebody_is_connected(folder, tenant):
    run("backup", folder)
    other = connections["memory"].copy()
    other.ensure_connection()
    try:
        if vendor() == "sqlite":
            other.cursor().execute("SELECT 1 FROM service_store")

        refuse(folder, "memory: in use: stop the web server", "--force")
    finally:
        other.close()


def test_restore_says_that_somebody_is_connected_before_it_asks_for_force(
    folder, tenant
):
    run("backup", folder)
    with closing(connections["memory"].copy()) as other:
        other.cursor().execute("SELECT 1 FROM service_store")

        refuse(folder, "memory: in use: stop the web server")


def test_restore_refuses_when_something_was_deleted_meanwhile(folder, tenant):
    """As a program that connects, deletes and goes, while the copy is migrated."""
    run("backup", folder)
    present = open_database("memory").present

    def delete(**_) -> None:
        post_migrate.disconnect(delete)
        with closing(connections["memory"].copy()) as other:
            other.settings_dict["NAME"] = present
            other.cursor().execute(
                "INSERT INTO service_tombstone VALUES ('meanwhile', 'key', %s)",
                [timezone.now()],
            )

    post_migrate.connect(delete)
    refuse(folder, "memory: something was deleted in it meanwhile", "--force")

    assert Tombstone.objects.filter(digest="meanwhile").exists()


def test_restore_names_who_comes_back_with_which_right(folder, tenant, officer):
    gone = User.objects.create_user("gone@example.com", name="Gone", password="p")
    operator = add_member(gone, tenant=None, role=Role.OPERATOR)
    run("backup", folder)
    operator.delete()
    officer.set_password("new")
    officer.save()

    said = restore(folder)

    assert [line for line in said.splitlines() if line.startswith("Came back")] == [
        "Came back: gone@example.com: operator of every tenant",
        f"Came back: {officer.email}: password",
    ]
    entries = AuditEntry.objects.filter(action="user.returned").order_by("seq")
    assert [
        (entry.role, entry.object_id, entry.details["email"], entry.details["what"])
        for entry in entries
    ] == [
        ("command line", str(gone.pk), gone.email, "operator of every tenant"),
        ("command line", str(officer.pk), officer.email, "password"),
    ]


def test_restore_refuses_a_damaged_backup(folder, tenant):
    run("backup", folder)
    file = next(folder.glob("memory.*"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)

    refuse(folder, r"memory\.\w+: missing, or not as it was written", "--force")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no readable manifest"),
        ("{", "manifest.json: damaged"),
        ('{"format": 2}', "manifest.json: damaged"),
    ],
)
def test_restore_refuses_a_folder_that_is_no_backup(folder, tenant, content, words):
    folder.mkdir()
    if content:
        (folder / "manifest.json").write_text(content)

    refuse(folder, words, "--force")


def edit_manifest(folder, **fields) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"format": 2}, "made by a newer version"),
        ({"key_id": "another0"}, "MEMORY_DIGEST_KEY: not the one"),
        ({"audit_seq": 1, "audit_hash": "0" * 64}, "not the one of the manifest"),
        ({"databases": {}}, "console: the backup has none that is kept in"),
    ],
)
def test_restore_refuses_what_the_manifest_tells_it(folder, tenant, fields, words):
    run("backup", folder)
    edit_manifest(folder, **fields)

    refuse(folder, words, "--force")


def test_restore_refuses_a_schema_from_the_future(folder, tenant):
    recorder = MigrationRecorder(connections["memory"])
    recorder.record_applied("service", "9000_unknown")
    run("backup", folder)
    recorder.record_unapplied("service", "9000_unknown")

    refuse(folder, r"memory: the schema is newer .*9000_unknown", "--force")


def test_restore_refuses_a_broken_audit_log(folder, tenant):
    AuditHead.objects.update(hash="0" * 64)
    run("backup", folder)

    refuse(folder, r"audit log is broken at entry \d+: .* --only memory", "--force")


def test_restore_refuses_deletions_of_another_key(folder, tenant):
    run("backup", folder)
    Tombstone.objects.create(
        digest="0" * 64, key_id="another0", deleted_at=timezone.now()
    )

    refuse(folder, "1 deletions since the backup were recorded with another", "--force")


def test_restore_into_a_new_installation_needs_to_be_told(folder, tenant):
    run("backup", folder)
    open_account(tenant).delete_store(tenant.store_id)
    Tombstone.objects.all().delete()
    Store.objects.all().delete()
    Account.objects.all().delete()

    refuse(folder, "no ledger of deletions here", "--force")
    restore(folder, "--without-ledger")

    assert Store.objects.count() == 1


@pytest.mark.skipif("vendor() != 'sqlite'", reason="makes a file")
def test_restore_takes_a_file_that_was_only_opened_for_an_empty_one(folder, tmp_path):
    run("backup", folder)
    database = open_database("memory")
    present, opened = database.present, str(tmp_path / "opened")
    try:
        database.lead_to(opened)
        database.ask("PRAGMA journal_mode=WAL")

        with pytest.raises(CommandError, match="no ledger of deletions here"):
            run("restore", folder, "--only", "memory")
        run("restore", folder, "--only", "memory", "--without-ledger")
    finally:
        database.lead_to(present)


def test_restore_goes_by_no_other_installations_ledger(folder, tenant):
    run("backup", folder)
    open_account(tenant).delete_store(tenant.store_id)
    Store.objects.all().delete()
    Account.objects.all().delete()
    make_tenant("another")

    refuse(folder, "ledger of deletions is another's", "--force")


def test_restore_ends_the_sessions_of_the_backup(folder, tenant, client, agent):
    client.force_login(agent)
    assert Session.objects.exists()
    run("backup", folder)
    client.logout()

    restore(folder)

    assert not Session.objects.exists()


def test_undo_puts_the_present_databases_back(folder, tenant):
    run("backup", folder)
    make_profile(tenant)
    database = open_database("memory")
    database.stage(next(folder.glob("memory.*")))
    database.lead_to(database.present)

    database.retire()
    database.install()
    restored = Profile.objects.count()
    connections["memory"].close()
    database.undo()

    assert (restored, Profile.objects.count()) == (0, 1)
    connections["memory"].close()
    database.drop_staged()


def test_recover_finds_what_a_killed_swap_left_behind(folder, tenant):
    run("backup", folder)
    database = open_database("memory")
    connections["memory"].close()
    if vendor() == "sqlite":  # at no moment without a file: nothing to recover from
        assert database.exists()
        return
    database._rename(database.present, database.replaced)

    database.recover()

    assert database.exists()


@pytest.mark.skipif("vendor() == 'sqlite'", reason="needs no programs")
def test_backup_names_the_program_it_lacks(folder, tenant, monkeypatch):
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CommandError, match="pg_dump: not installed"):
        run("backup", folder)

    assert not folder.exists()
