"""Take the times of last visits over from the app that all pages shared.

Rows: all of web_visit's, kept; the table is renamed. Deploy: before this release serves.
Back: nothing of the former app is there any more to go back to.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from console.masking.adopt_table import AdoptTable


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0002_pinned_groups_and_masking"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        AdoptTable(
            name="LastSeen",
            old_table="web_visit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("profile_id", models.CharField(max_length=64)),
                ("seen_at", models.DateTimeField()),
                ("before_at", models.DateTimeField(null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tenants.tenant",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "tenant", "profile_id"),
                        name="visit_one_a_profile",
                    )
                ],
            },
        ),
    ]
