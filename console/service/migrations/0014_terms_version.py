from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('service', '0013_learning_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='indexentry',
            name='terms_version',
            field=models.PositiveSmallIntegerField(db_default=1),
        ),
        migrations.AddIndex(
            model_name='indexentry',
            index=models.Index(fields=['store_id', 'terms_version'], name='index_entry_by_terms'),
        ),
    ]
