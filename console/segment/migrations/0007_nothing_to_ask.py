"""What could not be asked of Segment for want of a user id has not failed."""

from django.db import migrations, models

OLD = "No user id was known, by which alone Segment deletes."
NEW = "Segment knows no user id of theirs, by which alone it deletes."


def tell_apart(apps, schema_editor):
    erasures = apps.get_model("segment", "Erasure").objects
    erasures.filter(state="failed", words=OLD).update(state="nothing", words=NEW)


class Migration(migrations.Migration):
    dependencies = [("segment", "0006_types")]

    operations = [
        migrations.AlterField(
            model_name="erasure",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "waiting to be requested"),
                    ("requested", "Requested"),
                    ("finished", "Finished"),
                    ("failed", "Failed"),
                    ("nothing", "nothing to ask"),
                ],
                default="waiting",
                max_length=12,
            ),
        ),
        migrations.RunPython(tell_apart, migrations.RunPython.noop),
    ]
