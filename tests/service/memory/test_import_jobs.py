"""The worker reads an uploaded file. Contract 11.7."""

from datetime import timedelta
from functools import partial

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from console.service.memory import import_jobs, profile_batches
from console.service.memory.models import (
    Identifier,
    ImportChunk,
    ImportRefusal,
    Profile,
    ProfileImport,
    Store,
    Trait,
    TraitGroup,
)
from tests.service.csv_files import (
    many,
    outcome_of,
    read_file,
    upload_file,
    values,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def upload(api, store):
    """Announces and uploads a file; answers what the announcement was answered."""
    return partial(upload_file, api, store)


@pytest.fixture
def outcome(api, store):
    """The import as it is shown, and its operation."""
    return partial(outcome_of, api, store)


@pytest.fixture
def run(api, store):
    """The task's own function, in this process; answers the import and its receipt."""
    return partial(read_file, api, store)


def later(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=True)


def work_off() -> None:
    call_command("db_worker", "--batch", "--no-startup-delay", verbosity=0)


def test_process_import_writes_what_was_uploaded(upload, outcome, store):
    announced = upload("Mail,First\r\na@b.com,Ada\r\nb@b.com,Bob\r\n")

    work_off()

    shown, operation = outcome(announced)
    assert shown["status"] == "COMPLETED"
    assert shown["summary"] == {"errors": 0, "warnings": 0}
    assert operation["status"] == "COMPLETED"
    assert operation["result"]["id"] == announced["importId"]
    assert operation["resultUrl"].endswith(
        f"{store}/Profiles/Imports/{announced['importId']}"
    )
    assert values("firstName") == ["Ada", "Bob"]
    assert not ImportChunk.objects.exists()
    path = import_jobs.process_import.module_path
    assert DBTaskResult.objects.get(task_path=path).status == "SUCCESSFUL"


def test_process_import_takes_a_row_as_bulk_takes_an_item(
    upload, run, make_profile, api
):
    known = make_profile("a@b.com", city="London")

    run(upload("Mail,First\nA@B.com,Ada\na@b.com,Grace\nnew@b.com,\n"))

    assert Profile.objects.count() == 2
    traits = api.get(known).json()["traits"]["Contact"]
    assert (traits["firstName"], traits["city"]) == ("Grace", "London")


def test_process_import_works_off_a_long_file_in_turns(upload, outcome, monkeypatch):
    monkeypatch.setattr(import_jobs, "RUN_S", 0.0)
    monkeypatch.setattr(import_jobs, "BATCH", 7)
    announced = upload(many(50, more="," + "ä" * 30_000))
    assert ImportChunk.objects.count() == 3

    work_off()

    shown, _ = outcome(announced)
    assert (shown["status"], shown["summary"]["errors"]) == ("COMPLETED", 5)
    assert Profile.objects.count() == 45


def test_process_import_goes_on_after_a_crash_where_it_stopped(
    upload, outcome, store, monkeypatch
):
    monkeypatch.setattr(import_jobs, "BATCH", 10)
    announced = upload(many(50))
    DBTaskResult.objects.all().delete()
    die_after(3, monkeypatch)

    with pytest.raises(KeyboardInterrupt):
        import_jobs.process_import.func(store, announced["importId"])
    monkeypatch.undo()
    written = set(Profile.objects.values_list("id", flat=True))
    updated = set(Trait.objects.values_list())
    halfway, _ = outcome(announced)
    with later(61):
        import_jobs.restart_stalled_imports()
        work_off()

    shown, operation = outcome(announced)
    assert halfway["rows"] == {"read": 30, "stored": 27, "refused": 3}
    assert 50 < halfway["progress"] < 70
    assert (shown["status"], shown["summary"]["errors"]) == ("COMPLETED", 5)
    assert shown["rows"] == {"read": 50, "stored": 45, "refused": 5}
    assert [each["item"] for each in operation["refusals"]] == [2, 12, 22, 32, 42]
    assert len(written) == 27
    assert updated == set(Trait.objects.filter(profile_id__in=written).values_list())
    assert written < set(Profile.objects.values_list("id", flat=True))
    assert Profile.objects.count() == Identifier.objects.count() == 45


def die_after(batches: int, monkeypatch) -> None:
    write, left = import_jobs._write_rows, iter(range(batches))

    def write_or_die(*args, **kwargs):
        if next(left, None) is None:
            raise KeyboardInterrupt
        return write(*args, **kwargs)

    monkeypatch.setattr(import_jobs, "_write_rows", write_or_die)


def test_process_import_counts_more_refusals_than_it_names(upload, run, monkeypatch):
    monkeypatch.setattr(import_jobs, "IMPORT_REFUSALS_MAX", 3)
    monkeypatch.setattr(import_jobs, "REFUSALS_MAX", 2)
    monkeypatch.setattr(import_jobs, "BATCH", 1)

    shown, operation = run(upload("Mail,First\n" + ",Nobody\n" * 7))

    assert shown["summary"]["errors"] == operation["refusedCount"] == 7
    assert len(operation["refusals"]) == 2
    assert ImportRefusal.objects.count() == 3


def test_restart_stalled_imports_finds_one_whose_task_is_lost(upload, outcome):
    announced = upload("Mail,First\na@b.com,Ada\n")
    DBTaskResult.objects.all().delete()

    import_jobs.restart_stalled_imports()
    early = DBTaskResult.objects.count()
    with later(61):
        import_jobs.restart_stalled_imports()
        import_jobs.restart_stalled_imports()
        asked = DBTaskResult.objects.count()
        work_off()

    assert (early, asked) == (0, 1)
    assert outcome(announced)[0]["status"] == "COMPLETED"


def test_restart_stalled_imports_leaves_alone_what_was_given_up(upload):
    upload("Mail,First\na@b.com,Ada\n")
    DBTaskResult.objects.update(status="FAILED", worker_ids=["w"] * 5)

    with later(61):
        import_jobs.restart_stalled_imports()

    assert DBTaskResult.objects.get().status == "FAILED"


def test_upload_holds_without_a_queue(upload, outcome, monkeypatch):
    def fails(*args):
        raise ConnectionError

    monkeypatch.setattr(type(import_jobs.process_import), "enqueue", fails)
    announced = upload("Mail,First\na@b.com,Ada\n")
    monkeypatch.undo()

    with later(61):
        import_jobs.restart_stalled_imports()
        work_off()

    assert outcome(announced)[0]["status"] == "COMPLETED"


def test_process_import_leaves_nobody_out_where_many_contradict(
    upload, run, monkeypatch
):
    monkeypatch.setattr(profile_batches, "ALONE", 2)
    names = ["Ada", "Bob", "Cyd", "Dan", "Eve"]
    rows = [f"desk@b.com,{name},+1202555016{n}" for n, name in enumerate(names)]
    content = "\n".join(["Mail,First,Phone", *rows, "", "n/a,Nobody,n/a", "z@b.com,Z,"])
    columns = {"Mail": "Contact.email", "First": "Contact.firstName"}

    shown, operation = run(upload(content, **columns, Phone="Contact.phone"))

    assert shown["rows"] == {"read": 7, "stored": 6, "refused": 1}
    assert [each["item"] for each in operation["refusals"]] == [3, 4, 5, 6, 8, 8]
    assert Profile.objects.count() == 6


def test_process_import_writes_no_more_when_superseded(upload, run, store, monkeypatch):
    monkeypatch.setattr(import_jobs, "BATCH", 2)
    announced = upload("Mail,First\n" + "".join(f"{n}@b.com,N\n" for n in range(6)))
    row = ProfileImport.objects.get()
    late = ProfileImport.objects.get()

    run(announced)
    written = Profile.objects.count()
    Profile.objects.all().delete()
    Identifier.objects.all().delete()
    with pytest.raises(import_jobs.TakenOver):
        import_jobs._write_rows(
            Store.objects.get(pk=store),
            late,
            [(2, 9, ["late@b.com", ""])],
            [],
            width=2,
        )
    run(announced)

    assert written == 6
    assert not Profile.objects.exists()
    row.refresh_from_db()
    assert row.status == "COMPLETED"


def test_process_import_names_cells_whose_trait_was_deleted_since(upload, run, store):
    announced = upload("Mail,First\na@b.com,Ada\nb@b.com,\n")
    contact = TraitGroup.objects.get(store_id=store)
    del contact.traits["firstName"]
    contact.save()

    shown, operation = run(announced)

    assert shown["summary"] == {"errors": 1, "warnings": 1}
    assert values("email") == ["a@b.com", "b@b.com"]
    assert operation["refusals"][0]["reason"] == "unknown trait"


def test_process_import_ignores_a_store_that_is_gone(api, store, upload):
    upload("Mail,First\na@b.com,Ada\n")
    api("DELETE", f"/v1/ControlPlane/Stores/{store}")

    work_off()

    assert not Profile.objects.exists()
    path = import_jobs.process_import.module_path
    assert DBTaskResult.objects.get(task_path=path).status == "SUCCESSFUL"
