"""Say of each profile when it was last written: by its newest item, else its creation.

Rows: every profile, by one statement that reads the items once.
Deploy: with the release that lists by it. Safe to run twice.
Back: the column goes; older code does not know it.
"""

from django.db import migrations, models
from django.db.models.functions import Now

FILL = """
    UPDATE service_profile SET updated_at = COALESCE(
        (SELECT MAX(updated_at) FROM service_observation AS item
         WHERE item.store_id = service_profile.store_id
         AND item.profile_id = service_profile.id),
        created_at
    )
"""


class Migration(migrations.Migration):

    dependencies = [
        ('service', '0022_retraction'),
    ]

    operations = [
        migrations.AddField(
            model_name='profile',
            name='updated_at',
            field=models.DateTimeField(db_default=Now()),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['store_id', 'updated_at', 'id'], name='profile_by_update'),
        ),
    ]
