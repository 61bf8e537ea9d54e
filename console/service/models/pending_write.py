from django.db import models

from console.service.models.account import Account


class PendingWrite(models.Model):
    """A write that was acknowledged and is not visible yet (memory/delay.py).

    due_at               UTC; from then on it is applied before anything of its
                         account is read
    headers              those that a write is read by, as WSGI names them
    ids                  {prefix: [id, ...]}: the ids that its new rows will have
    answered_profile_id  of the profile that the answer named; empty for other writes
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE)
    due_at = models.DateTimeField()
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=512)
    query = models.TextField(blank=True)
    headers = models.JSONField()
    body = models.BinaryField()
    ids = models.JSONField()
    answered_profile_id = models.CharField(max_length=42, blank=True, db_column="told")

    class Meta:
        indexes = [
            models.Index(fields=["account", "id"], name="pending_write_by_account")
        ]

    def __str__(self) -> str:
        return f"{self.method}, due {self.due_at}"
