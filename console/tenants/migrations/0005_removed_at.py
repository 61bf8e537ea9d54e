"""Let a tenant be removed.

Rows: none is written; one column is added, empty, and a unique index made anew. Deploy:
before this release serves. Back: `migrate tenants 0004`, with no tenant removed.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_bind_seals")]

    operations = [
        migrations.AddField(
            "tenant", "removed_at", models.DateTimeField(blank=True, null=True)
        ),
        migrations.RemoveConstraint("tenant", "tenant_never_shares_a_store"),
        migrations.AddConstraint(
            "tenant",
            models.UniqueConstraint(
                condition=models.Q(removed_at=None),
                fields=["store_id"],
                name="tenant_never_shares_a_store",
            ),
        ),
    ]
