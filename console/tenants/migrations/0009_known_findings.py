from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0008_knowledge_bases'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='known_findings',
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
