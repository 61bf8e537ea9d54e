"""Call the encrypted credential what it is.

Rows: one column of every tenant, renamed; nothing is encrypted again. Deploy: before
this release serves. Back: `migrate tenants 0002`.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenants", "0002_pinned_groups_and_masking")]

    operations = [
        migrations.RenameField("tenant", "sealed_token", "encrypted_token"),
    ]
