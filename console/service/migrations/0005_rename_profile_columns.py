"""Name two columns after the profile that they hold.

A merged profile's canonical id is what every row below a profile calls profile_id.

Rows: none is touched, for the columns keep their names; only Django's own picture of
the schema changes. Deploy: together with the release that uses the names.
Back: the same, the other way round.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('service', '0004_pending_writes'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(
                    model_name='mergedprofile',
                    name='merged_profile_by_canonical',
                ),
                migrations.RenameField(
                    model_name='mergedprofile',
                    old_name='canonical_id',
                    new_name='profile_id',
                ),
                migrations.AlterField(
                    model_name='mergedprofile',
                    name='profile_id',
                    field=models.CharField(db_column='canonical_id', max_length=42),
                ),
                migrations.AddIndex(
                    model_name='mergedprofile',
                    index=models.Index(fields=['store_id', 'profile_id'], name='merged_profile_by_canonical'),
                ),
                migrations.RenameField(
                    model_name='pendingwrite',
                    old_name='told',
                    new_name='answered_profile_id',
                ),
                migrations.AlterField(
                    model_name='pendingwrite',
                    name='answered_profile_id',
                    field=models.CharField(blank=True, db_column='told', max_length=42),
                ),
            ]
        ),
    ]
