"""A suite is run every so many hours from a time on; before, daily or by hours."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recall", "0002_schedules"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="recallschedule",
            name="recall_schedule_hours_or_time",
        ),
        migrations.RemoveField(
            model_name="recallschedule",
            name="daily_at",
        ),
        migrations.AlterField(
            model_name="recallschedule",
            name="every_hours",
            field=models.PositiveSmallIntegerField(default=24),
            preserve_default=False,
        ),
    ]
