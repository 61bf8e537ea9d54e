"""Let an entry say whose data it is about, its version, and its seal.

Rows: none rewritten: both databases add a column with a constant default without
touching a row, and keep the triggers. Django's own AddField would have SQLite copy the
table, which loses them. Deploy: before the code; the code before goes on writing
version 1. Back: drops the columns.
"""

from django.db import migrations, models

COLUMNS = {
    "version": ("smallint NOT NULL DEFAULT 1", models.SmallIntegerField(default=2)),
    "profile_id": (
        "varchar(128) NOT NULL DEFAULT ''",
        models.CharField(default="", max_length=128),
    ),
    "seal": (
        "varchar(64) NOT NULL DEFAULT ''",
        models.CharField(default="", max_length=64),
    ),
    "seal_key": (
        "varchar(32) NOT NULL DEFAULT ''",
        models.CharField(default="", max_length=32),
    ),
}


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_unknown_is_not_confirmed")]
    operations = [
        *(
            migrations.RunSQL(
                f"ALTER TABLE audit_auditentry ADD COLUMN {name} {definition}",
                f"ALTER TABLE audit_auditentry DROP COLUMN {name}",
                state_operations=[migrations.AddField("auditentry", name, field)],
            )
            for name, (definition, field) in COLUMNS.items()
        ),
        migrations.AddIndex(
            "auditentry",
            models.Index(
                fields=["tenant", "profile_id", "seq"], name="audit_tenant_profile"
            ),
        ),
    ]
