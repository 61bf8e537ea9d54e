"""Call tasks in the worker's queue by where their functions stand now.

A waiting task knows its function by module and name; under the old one the worker
would not find it, and an uploaded file would not be read, nor an open deletion closed.

Rows: those in the queue whose functions have moved, tasks of the memory among them: the
queue is one, and in this database. Deploy: before the new release's worker starts.
Back: the old names again.
"""

from django.db import migrations

MOVED = {
    "console.deletions.jobs.settle": "console.pages.deletions.services.settle",
    "console.service.import_jobs.process_import": "console.service.memory.import_jobs.process_import",
    "console.service.jobs.make_vectors": "console.service.memory.embedding_jobs.make_vectors",
}


def rename(apps, pairs):
    tasks = apps.get_model("django_tasks_database", "DBTaskResult").objects
    for old, new in pairs:
        tasks.filter(task_path=old).update(task_path=new)


def forwards(apps, editor):
    rename(apps, MOVED.items())


def backwards(apps, editor):
    rename(apps, ((new, old) for old, new in MOVED.items()))


class Migration(migrations.Migration):
    dependencies = [
        ("deletions", "0001_initial"),
        ("django_tasks_database", "0001_initial"),
    ]
    operations = [migrations.RunPython(forwards, backwards)]
