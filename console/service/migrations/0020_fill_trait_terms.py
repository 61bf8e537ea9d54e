"""Give every trait the words by which its customer is found.

Rows: some ten a profile, in batches of 2,000 traits; each batch is its own transaction.
Deploy: with the release that searches. Safe to run twice.
Back: nothing to undo; older code ignores the table.
"""

from itertools import islice

from django.db import migrations

from console.service.memory.models import Trait, TraitTerm


def fill(apps, editor):
    columns = ("profile_id", "trait_group", "name", "value")
    traits = Trait.objects.values_list("store_id", *columns).iterator(2000)
    while batch := list(islice(traits, 2000)):
        TraitTerm.objects.bulk_create(
            (
                TraitTerm(
                    store_id=store_id, profile_id=profile_id, trait=t, term=term, is_whole=whole
                )
                for store_id, *trait in batch
                for profile_id, t, term, whole in TraitTerm.list_columns(*trait)
            ),
            ignore_conflicts=True,
        )


class Migration(migrations.Migration):
    atomic = False

    dependencies = [('service', '0019_trait_terms')]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
