from django.db import models
from django.db.models import Q

from console.contract.memory.profile_import import (
    IMPORT_BYTES_MAX,
    IMPORT_COLUMN_MAX,
    IMPORT_FILENAME_MAX,
)
from console.service.models import StoreScoped


class ProfileImport(StoreScoped):
    """A CSV file of profiles, from its announcement to its end. Contract 11.7.

    file_size        bytes, as announced; the upload has to have as many
    column_mappings  list of {columnName, traitGroup, traitName}
    content_size     bytes that are kept, UTF-8
    position, line   how far it is read: bytes, and rows of the file, blank ones too
    rows, stored     rows that hold something, and those of them that are profiles now
    errors           rows of which something was refused
    warnings         values left out of rows that are stored, and what is odd of a file
    operation_id     the control plane's receipt of it
    """

    class Status(models.TextChoices):
        PENDING = "PENDING"
        PROCESSING = "PROCESSING"
        COMPLETED = "COMPLETED"
        FAILED = "FAILED"

    pk = models.CompositePrimaryKey("store_id", "id")
    id = models.CharField(max_length=39)
    filename = models.CharField(max_length=IMPORT_FILENAME_MAX)
    file_size = models.PositiveIntegerField()
    column_mappings = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    content_size = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    line = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    operation_id = models.CharField(max_length=44)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="import_file_1_byte_to_100_mib",
                condition=Q(file_size__gte=1) & Q(file_size__lte=IMPORT_BYTES_MAX),
            )
        ]
        indexes = [
            models.Index(
                fields=["store_id", "created_at", "id"], name="import_by_creation"
            )
        ]


class ImportChunk(StoreScoped):
    """A piece of an uploaded file, until it is processed; the worker may run elsewhere.

    number  from 0, in the file's order
    """

    pk = models.CompositePrimaryKey("store_id", "import_id", "number")
    import_id = models.CharField(max_length=39)
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.import_id} {self.number}"


class ImportRefusal(StoreScoped):
    """A row, or one cell of it, that was not stored; says why, never what it held.

    item    the row of the file; its header is row 1
    place   of the column, from 1; 0 for the row as a whole
    field   the column's name
    """

    pk = models.CompositePrimaryKey("store_id", "import_id", "item", "place")
    import_id = models.CharField(max_length=39)
    item = models.PositiveIntegerField()
    place = models.PositiveIntegerField()
    field = models.CharField(max_length=IMPORT_COLUMN_MAX, blank=True)
    reason = models.CharField(max_length=1024)
    stored = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.import_id} row {self.item}"
