from django.db import models

from console.service.models.account import Account


class Operation(models.Model):
    """What became of a control plane write. Contract 6.1.

    result_id    what the write made or changed; empty when it failed
    result_path  its address under /v1
    error        {code, title, detail} when it failed, else empty
    """

    class Status(models.TextChoices):
        PENDING = "PENDING"
        RUNNING = "RUNNING"
        CANCELLED = "CANCELLED"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    id = models.CharField(primary_key=True, max_length=44)
    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    status = models.CharField(max_length=9, choices=Status)
    result_id = models.CharField(max_length=128, blank=True)
    result_path = models.CharField(max_length=512, blank=True)
    error = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.id
