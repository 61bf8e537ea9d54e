"""Feeds: what is brought into a memory again and again, by one of its data mappings."""

from django.db import models

from console.tenants.models import Tenant


class Feed(models.Model):
    """Rows that the worker reads at its times, and hands over as an import.

    name        a label for people; "": that of its file
    mapping_id  of the memory: which column becomes which trait; it can switch this off
    file        its name in the tenant's folder of FEEDS_FOLDER, or one of FEEDS_DATABASES
    query       of a database, in which `:since` is the watermark
    watermark_column   only rows with more in it than `watermark` are new; "": all are
    edge        digests of the rows that have it, among which another one is new
    former      the watermark before the last run, whose import may fail; former_edge
    due_at      None of one that is paused, or run by hand
    import_id   of the last run; told: what else there is to say of it
    taken       rows that it handed over, of as many as it has read
    """

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="feeds")
    name = models.CharField(max_length=80, blank=True, default="", db_default="")
    mapping_id = models.CharField(max_length=64)
    file = models.CharField(max_length=160)
    query = models.TextField(blank=True)
    watermark_column = models.CharField(max_length=64, blank=True)
    watermark = models.CharField(max_length=200, blank=True)
    edge = models.JSONField(default=list)
    former_edge = models.JSONField(default=list)
    former = models.CharField(max_length=200, blank=True)
    every_hours = models.PositiveSmallIntegerField(null=True)
    due_at = models.DateTimeField(null=True)
    ran_at = models.DateTimeField(null=True)
    import_id = models.CharField(max_length=64, blank=True)
    told = models.CharField(max_length=300, blank=True)
    read = models.PositiveIntegerField(default=0)
    taken = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.name or self.file

    @property
    def is_paused(self) -> bool:
        return bool(self.every_hours) and not self.due_at
