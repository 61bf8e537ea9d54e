"""Take the reveals over from the app that all pages shared.

Rows: all of web_reveal's, kept; the table is renamed. Deploy: before this release serves.
Back: nothing of the former app is there any more to go back to.
"""

import django.db.models.deletion
import django.utils.timezone
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
            name="Reveal",
            old_table="web_reveal",
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
                ("subject", models.CharField(max_length=180)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("until", models.DateTimeField()),
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
                "indexes": [
                    models.Index(
                        fields=["user", "tenant", "profile_id", "until"],
                        name="reveal_open",
                    )
                ],
            },
        ),
    ]
