"""What programs have changed, until the audit log has it.

Rows: none. Deploy: before the web processes and the worker. Back: what waits is lost.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('service', '0031_account_owner'),
    ]

    operations = [
        migrations.CreateModel(
            name='ProgramWrite',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.BigIntegerField()),
                ('account_id', models.CharField(max_length=34)),
                ('key', models.CharField(max_length=34)),
                ('store_id', models.CharField(max_length=42)),
                ('action', models.CharField(max_length=40)),
                ('call', models.CharField(max_length=64)),
                ('object_type', models.CharField(max_length=40)),
                ('object_id', models.CharField(max_length=128)),
                ('profile_id', models.CharField(max_length=128)),
                ('count', models.PositiveIntegerField()),
                ('request_id', models.CharField(max_length=64)),
            ],
        ),
    ]
