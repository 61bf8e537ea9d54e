"""Take what programs change from the memory's outbox, and keep it apart from what people
do in a log of millions.

Rows: none touched; a few seconds for each million, in which nothing can be logged.
Deploy: any order. Back: drops the table and the indexes.
"""

import console.audit.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0007_find_looks_at_many'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditTaken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rows', models.JSONField(default=dict)),
            ],
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(console.audit.models.IsProgramWrite('action'), _negated=True), fields=['tenant', 'seq'], name='audit_people'),
        ),
        migrations.AddIndex(
            model_name='auditentry',
            index=models.Index(condition=models.Q(console.audit.models.IsProgramWrite('action')), fields=['tenant', 'seq'], name='audit_programs'),
        ),
    ]
