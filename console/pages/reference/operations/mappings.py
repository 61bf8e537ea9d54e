from typing import Any

from console.pages.reference.operation import (
    ID,
    STARTED,
    STORE,
    WHEN,
    Operation,
    Section,
    page_of,
)

_MAPPINGS = f"{STORE}/DataMappings"
_MAPPING = f"{_MAPPINGS}/{{mapping_id}}"
_NEW: dict[str, Any] = {
    "displayName": "crm-contacts",
    "mappingFrom": {"type": "INGRESS", "columns": ["mail"]},
    "mappingTo": {
        "type": "TRAITS",
        "mappings": [
            {"expression": "mail", "traitGroup": "Contact", "traitName": "email"}
        ],
    },
}
_SHOWN = {
    "id": f"mem_datamapping_{ID}",
    **_NEW,
    "isEnabled": True,
    "createdAt": WHEN,
    "updatedAt": WHEN,
    "version": 1,
}

DATA_MAPPINGS = Section(
    "data-mappings",
    "Data mappings",
    "Which column of a warehouse table or a CRM is which trait.",
    (
        Operation(
            name="create-data-mapping",
            method="POST",
            path=_MAPPINGS,
            says="Maps columns, or the fields of a data set, to traits.",
            call="dataMappings.create",
            request="data_mapping.DataMappingList.CreateDataMappingInput",
            shows="statusUrl",
            body=_NEW,
            status=202,
            answer=STARTED,
        ),
        Operation(
            name="list-data-mappings",
            method="GET",
            path=_MAPPINGS,
            says="The data mappings of a store.",
            call="dataMappings.list",
            shows="displayName",
            paged=True,
            options={"type": "INGRESS, DATASET_CLOUDAPP or DATASET_WAREHOUSE"},
            answer=page_of("dataMappings", _SHOWN),
        ),
        Operation(
            name="fetch-data-mapping",
            method="GET",
            path=_MAPPING,
            says="One data mapping.",
            call="dataMappings.fetch",
            shows="displayName",
            answer=_SHOWN,
        ),
        Operation(
            name="patch-data-mapping",
            method="PATCH",
            path=_MAPPING,
            says="Changes it, or turns it off; given mappings replace all of them.",
            call="dataMappings.patch",
            request="data_mapping.DataMappingList.DataMappingCore",
            shows="statusUrl",
            body={"isEnabled": False},
            status=202,
            answer=STARTED,
        ),
        Operation(
            name="delete-data-mapping",
            method="DELETE",
            path=_MAPPING,
            says="Removes the mapping. The traits that came by it stay.",
            call="dataMappings.delete",
            shows="statusUrl",
            status=202,
            answer=STARTED,
        ),
    ),
)
