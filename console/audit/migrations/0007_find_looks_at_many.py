"""Find the few looks at many customers, and an outcome, in a log of a million.

Rows: none touched; a few seconds for each million, in which nothing can be logged.
Deploy: any order. Back: drops the indexes.
"""

from django.db import migrations, models

from console.audit.models import IsBulk


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_find_actions_and_people")]
    operations = [
        migrations.AddIndex(
            "auditentry",
            models.Index(
                condition=models.Q(IsBulk("details")), fields=["seq"], name="audit_bulk"
            ),
        ),
        migrations.AddIndex(
            "auditentry",
            models.Index(fields=["outcome", "seq"], name="audit_outcome"),
        ),
    ]
