"""Find the few entries of an action, and those of a person, in a log of a million.

Rows: none touched; a few seconds for each million, in which nothing can be logged.
Deploy: any order. Back: drops the indexes.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_checkpoints")]
    operations = [
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["tenant", "actor", "seq"], name="audit_tenant_actor"),
        ),
        migrations.AddIndex(
            "auditentry", models.Index(fields=["action", "seq"], name="audit_action")
        ),
    ]
