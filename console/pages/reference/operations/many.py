from console.pages.reference.operation import (
    ID,
    PEOPLE,
    WHEN,
    Operation,
    Section,
    page_of,
)

# Letters of one byte each: the length is the size.
_FILE = "mail,first\ngrace@example.com,Grace\n"
_COLUMNS = [
    {"columnName": "mail", "traitGroup": "Contact", "traitName": "email"},
    {"columnName": "first", "traitGroup": "Contact", "traitName": "firstName"},
]
_STATUS_URL = f"/v1/ControlPlane/Operations/mem_operation_{ID}"

MANY = Section(
    "bulk",
    "Bulk and imports",
    "Many profiles at once. Each is resolved as if it had been created alone.",
    (
        Operation(
            name="update-profiles-in-bulk",
            method="PUT",
            path=f"{PEOPLE}/Bulk",
            says="Creates or updates up to 1,000 profiles.",
            call="bulk.update",
            request="bulk.BulkList.UpdateProfilesBulkRequest",
            shows="statusUrl",
            body={
                "profiles": [
                    {"traits": {"Contact": {"email": "alan@example.com"}}},
                    {"traits": {"Contact": {"email": "edsger@example.com"}}},
                ]
            },
            status=202,
            answer={
                "operationId": f"mem_operation_{ID}",
                "createdAt": WHEN,
                "statusUrl": _STATUS_URL,
                "message": "accepted",
            },
        ),
        Operation(
            name="create-import",
            method="POST",
            path=f"{PEOPLE}/Imports",
            says="Announces a CSV file of up to 100 MiB: its size in bytes, and which "
            "column is which trait. The answer has the address that takes it.",
            call="imports.create",
            request="import_.ImportList.CreateProfilesImportV2Request",
            shows="url",
            body={
                "filename": "people.csv",
                "fileSize": len(_FILE),
                "columnMappings": _COLUMNS,
            },
            status=201,
            answer={
                "importId": f"mem_import_{ID}",
                "url": f"/v1/Uploads/mem_import_{ID}?signature=…",
                "operationId": f"mem_operation_{ID}",
                "createdAt": WHEN,
                "statusUrl": _STATUS_URL,
            },
        ),
        Operation(
            name="upload-file",
            method="PUT",
            path="/v1/Uploads/{import_id}",
            says="Takes the announced file, once, at the url that create import has "
            "answered: its signature stands for the credentials, so none are sent.",
            file=_FILE,
            needs_account=False,
        ),
        Operation(
            name="fetch-import",
            method="GET",
            path=f"{PEOPLE}/Imports/{{import_id}}",
            says="How far an import is, and how many rows had errors.",
            call="imports.fetch",
            shows="status",
            answer={
                "status": "COMPLETED",
                "filename": "people.csv",
                "fileSize": len(_FILE),
                "columnMappings": _COLUMNS,
                "summary": {"errors": 0, "warnings": 0},
                "createdAt": WHEN,
                "updatedAt": WHEN,
            },
        ),
        Operation(
            name="list-imports",
            method="GET",
            path=f"{PEOPLE}/Imports",
            says="The ids of a store's imports, newest first.",
            call="imports.list",
            shows="",
            paged=True,
            answer=page_of("imports", f"mem_import_{ID}"),
        ),
    ),
)
