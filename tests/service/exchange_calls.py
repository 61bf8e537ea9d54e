"""The calls that exchanges.py plays: every operation of the API, and its refusals.

They are in order, each finds what the ones before it have left. A new one goes to the
end: the clock moves by a second with each call, so all times after it would change.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CONVERSATION = "conv_conversation_01k0000000000000000000000b"
NOBODY = "mem_profile_01k0000000000000000000000a"

PLANE = "/v1/ControlPlane"
STORES = f"{PLANE}/Stores"
STORE = f"{STORES}/{{store}}"
SETTINGS = f"{STORE}/IdentityResolutionSettings"
GROUPS = f"{STORE}/TraitGroups"
MAPPINGS = f"{STORE}/DataMappings"
PEOPLE = "/v1/Stores/{store}/Profiles"
ADA = f"{PEOPLE}/{{ada}}"
TOLD = f"{ADA}/Observations"
SUMS = f"{ADA}/ConversationSummaries"
IMPORTS = f"{PEOPLE}/Imports"
OLDER = "/v1/Services"
OLD_STORE = f"{OLDER}/{{service}}"
BEA = f"{OLD_STORE}/Profiles/{{bea}}"

STRING, NUMBER = {"dataType": "STRING"}, {"dataType": "NUMBER"}
CSV = "Mail,First,Nr\r\ncsv@b.com,Zoë,7\r\n,nobody,8\r\ncsv2@b.com,Ivo,x\r\n".encode()


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request. `{name}` in its texts stands for what an earlier answer told.

    body      JSON; bytes go as they are
    who       whose credentials it bears; "" bears none
    keep      parts of its answer to be known by a name, by the way there in its JSON
    after_s   how far the clock moves before it
    settings  the installation's, for this call alone
    """

    method: str
    path: str
    body: Any = None
    who: str = "acme"
    headers: Mapping[str, str] = field(default_factory=dict)
    keep: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    worker_first: bool = False
    only_addresses: bool = False


def get(path: str, **more: Any) -> Call:
    return Call(method="GET", path=path, **more)


def head(path: str, **more: Any) -> Call:
    return Call(method="HEAD", path=path, **more)


def post(path: str, body: Any = None, **more: Any) -> Call:
    return Call(method="POST", path=path, body=body, **more)


def put(path: str, body: Any = None, **more: Any) -> Call:
    return Call(method="PUT", path=path, body=body, **more)


def patch(path: str, body: Any = None, **more: Any) -> Call:
    return Call(method="PATCH", path=path, body=body, **more)


def delete(path: str, **more: Any) -> Call:
    return Call(method="DELETE", path=path, **more)


def told(content: str, *, at: str, **more: Any) -> dict[str, Any]:
    return {"content": content, "source": "chat", "occurredAt": at} | more


def if_match(tag: str) -> dict[str, str]:
    return {"If-Match": tag}


PACKED = {"Accept-Encoding": "gzip"}
STATUS = {"status": "statusUrl"}

THE_STORES = [
    get("/v1/openapi.json", who="", only_addresses=True),
    get(STORES),
    post(STORES, {"displayName": "client-1", "description": "The first"}, keep=STATUS),
    get("{status}", keep={"store": "result.id"}),
    head("{status}"),
    post(STORES, {"displayName": "client-1"}, keep=STATUS),
    get("{status}"),
    *(post(STORES, {"displayName": f"client-{n}", "x": n}) for n in range(2, 6)),
    get(f"{STORES}?pageSize=2", keep={"next": "meta.nextToken"}),
    get(f"{STORES}?pageToken={{next}}", keep={"next": "meta.nextToken"}),
    get(f"{STORES}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{STORES}?pageToken={{back}}", keep={"back": "meta.previousToken"}),
    get(f"{STORES}?PageToken={{back}}&pageSize=7"),
    get(f"{STORES}?orderBy=ASC&PageSize=3", keep={"last": "stores.2"}),
    get(f"{STORES}?orderBy=up"),
    get(f"{STORES}?pageSize=0"),
    get(f"{STORES}?pageToken=made-up"),
    get(f"{PEOPLE}?pageToken={{back}}"),
    get(STORE),
    head(STORE),
    patch(STORE, {"description": "Ours, «first»"}, headers=if_match('"1"')),
    get(STORE),
    patch(STORE, {"description": "late"}, headers=if_match('"1"')),
    patch(STORE, {"displayName": "client-2"}, headers=if_match('W/"2"'), keep=STATUS),
    get("{status}"),
    delete(f"{STORES}/{{last}}", keep=STATUS),
    get("{status}"),
    get(f"{STORES}/{{last}}"),
    delete(f"{STORES}/{{last}}"),
]

THE_SETTINGS = [
    get(SETTINGS),
    put(
        SETTINGS,
        {
            "identifierConfigs": [
                {"idType": "email", "normalization": "email", "limit": 2},
                {"idType": "phone", "normalization": "phone"},
                {"idType": "chat", "enforceUnique": False, "limitPolicy": "lifo"},
                {
                    "idType": "loyalty-card",
                    "matchingAlgo": "fuzzy",
                    "matchingThreshold": 90,
                },
            ],
            "matchingRules": ["email", "phone", "loyalty-card"],
        },
        headers=if_match("1"),
        keep=STATUS,
    ),
    get("{status}"),
    get(SETTINGS),
    put(
        SETTINGS,
        {"identifierConfigs": [{"idType": "email"}], "matchingRules": ["email"]},
        headers=if_match('"1"'),
    ),
    put(
        SETTINGS, {"identifierConfigs": [{"idType": "email"}], "matchingRules": ["fax"]}
    ),
    put(
        SETTINGS,
        {
            "identifierConfigs": [{"idType": "email", "limitPolicy": "lru"}],
            "matchingRules": ["email"],
        },
    ),
]

THE_GROUPS = [
    post(
        GROUPS,
        {
            "displayName": "Account",
            "description": "What they have with us",
            "traits": {
                "plan_name": STRING | {"description": "as sold"},
                "code": STRING
                | {
                    "validationRule": {
                        "ruleType": "STRING",
                        "pattern": "^[A-Z]{2}[0-9]+$",
                        "minLength": 3,
                        "maxLength": 8,
                    }
                },
                "seats": NUMBER
                | {"validationRule": {"ruleType": "NUMBER", "min": 0, "max": 99.5}},
                "vip": {
                    "dataType": "BOOLEAN",
                    "validationRule": {"ruleType": "BOOLEAN"},
                },
                "tags": {
                    "dataType": "ARRAY",
                    "validationRule": {
                        "ruleType": "ARRAY",
                        "minItems": 0,
                        "maxItems": 3,
                    },
                },
                "card": STRING | {"idTypePromotion": "loyalty-card"},
            },
        },
        keep=STATUS,
    ),
    get("{status}"),
    post(GROUPS, {"displayName": "Account"}, keep=STATUS),
    get("{status}"),
    post(GROUPS, {"displayName": "Extra"}),
    get(f"{GROUPS}?pageSize=2&includeTraits=true", keep={"next": "meta.nextToken"}),
    get(f"{GROUPS}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{GROUPS}?pageToken={{back}}"),
    get(f"{GROUPS}?orderBy=ASC"),
    get(f"{GROUPS}/Account"),
    get(f"{GROUPS}/Contact", headers=PACKED),
    get(f"{GROUPS}/Contact?pageSize=4", keep={"next": "meta.nextToken"}),
    get(f"{GROUPS}/Contact?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{GROUPS}/Contact?pageToken={{back}}"),
    get(f"{GROUPS}/Contact?includeTraits=false"),
    get(f"{GROUPS}/Contact?includeTraits=maybe"),
    patch(
        f"{GROUPS}/Account",
        {
            "description": "Changed",
            "traits": {"tags": {"dataType": ""}, "tier": STRING},
        },
        headers=if_match('"1"'),
        keep=STATUS,
    ),
    get("{status}"),
    get(f"{GROUPS}/Account"),
    patch(f"{GROUPS}/Account", {"description": "late"}, headers=if_match('"1"')),
    patch(f"{GROUPS}/Contact", {"traits": {"email": {"dataType": ""}}}),
    patch(f"{GROUPS}/Account", {"traits": {"tier": {"dataType": "DATE"}}}),
    patch(f"{GROUPS}/Account", {"traits": {"tier": STRING | {"unit": "m"}}}),
    delete(f"{GROUPS}/Contact"),
    delete(f"{GROUPS}/Extra", keep=STATUS),
    get("{status}"),
    get(f"{GROUPS}/Extra"),
]


def to_traits(trait: str) -> dict[str, Any]:
    item = {"expression": "$.town", "traitGroup": "Account", "traitName": trait}
    return {"type": "TRAITS", "mappings": [item]}


DATASET = "tdi_dataset_01k0000000000000000000000a"

THE_MAPPINGS = [
    post(
        MAPPINGS,
        {
            "displayName": "crm",
            "description": "nightly",
            "mappingFrom": {"type": "INGRESS", "columns": ["town", "e-mail"]},
            "mappingTo": to_traits("plan_name")
            | {
                "mappings": [
                    {"expression": "town", "traitGroup": "Contact", "traitName": "city"}
                ]
            },
        },
        keep=STATUS,
    ),
    get("{status}", keep={"mapping": "result.id"}),
    post(
        MAPPINGS,
        {
            "displayName": "warehouse",
            "isEnabled": False,
            "mappingFrom": {"type": "DATASET_WAREHOUSE", "datasetId": DATASET},
            "mappingTo": to_traits("tier"),
        },
    ),
    post(
        MAPPINGS,
        {
            "displayName": "app",
            "mappingFrom": {"type": "DATASET_CLOUDAPP", "datasetId": DATASET},
            "mappingTo": to_traits("tier"),
        },
    ),
    get(f"{MAPPINGS}?pageSize=2", keep={"next": "meta.nextToken"}),
    get(f"{MAPPINGS}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{MAPPINGS}?pageToken={{back}}"),
    get(f"{MAPPINGS}?type=DATASET_WAREHOUSE&orderBy=ASC"),
    get(f"{MAPPINGS}?type=FILE"),
    get(f"{MAPPINGS}/{{mapping}}"),
    head(f"{MAPPINGS}/{{mapping}}"),
    patch(
        f"{MAPPINGS}/{{mapping}}",
        {"displayName": "crm-2", "isEnabled": False},
        headers=if_match('"1"'),
        keep=STATUS,
    ),
    get("{status}"),
    get(f"{MAPPINGS}/{{mapping}}"),
    patch(f"{MAPPINGS}/{{mapping}}", {"isEnabled": True}, headers=if_match('"1"')),
    patch(f"{MAPPINGS}/{{mapping}}", {"displayName": "app"}),
    patch(f"{MAPPINGS}/{{mapping}}", {}),
    delete(f"{GROUPS}/Account"),
    delete(f"{MAPPINGS}/{{mapping}}", keep=STATUS),
    get("{status}"),
    get(f"{MAPPINGS}/{{mapping}}"),
    get(f"{MAPPINGS}/crm"),
]

THE_PEOPLE = [
    post(
        PEOPLE,
        {
            "traits": {
                "Contact": {
                    "email": "Ada@B.com",
                    "firstName": 'Ada "Å" 🥾\n',
                    "city": None,
                    "country": "UK",
                },
                "Account": {
                    "code": "AB12",
                    "seats": 3,
                    "vip": True,
                    "card": "L-1000-2000",
                    "Plan Name": "pro",
                },
            }
        },
        keep={"ada": "id"},
    ),
    get(ADA),
    head(ADA),
    get(f"{ADA}?traitGroups=Contact&includeMergedIds=true"),
    get(f"{ADA}?includeMergedIds=yes"),
    patch(
        ADA,
        {
            "traits": {
                "Contact": {"country": None, "city": "London"},
                "Account": {"seats": 2.5, "vip": False, "tier": ""},
            }
        },
    ),
    patch(ADA, b'{"traits":{"Account":{"seats":1.50e1}}}'),
    get(ADA),
    get(f"{ADA}/Traits?pageSize=4", keep={"next": "meta.nextToken"}),
    get(f"{ADA}/Traits?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{ADA}/Traits?pageToken={{back}}"),
    get(f"{ADA}/Traits?traitGroups=Account,%20Contact&orderBy=ASC", headers=PACKED),
    post(f"{PEOPLE}/Lookup", {"idType": "email", "value": " ADA@b.com"}),
    post(f"{PEOPLE}/Lookup", {"idType": "loyalty-card", "value": "L-1000-2001"}),
    post(f"{PEOPLE}/Lookup", {"idType": "phone", "value": "+44 20 7946 0000"}),
    post(f"{PEOPLE}/Lookup", {"idType": "fax", "value": "1"}),
    get(f"{ADA}/Identifiers"),
    post(f"{ADA}/Identifiers", {"idType": "phone", "value": "+44 20 7946 0001"}),
    post(f"{ADA}/Identifiers", {"idType": "phone", "value": "+44 20 7946 0002"}),
    get(f"{ADA}/Identifiers/phone"),
    patch(
        f"{ADA}/Identifiers/phone",
        {
            "idType": "phone",
            "oldValue": "+442079460001",
            "newValue": "+44 (0)20 7946 0003",
        },
    ),
    patch(
        f"{ADA}/Identifiers/phone",
        {"idType": "email", "oldValue": "a@b.com", "newValue": "b@b.com"},
    ),
    get(f"{ADA}/Identifiers"),
    delete(f"{ADA}/Identifiers/phone"),
    get(f"{ADA}/Identifiers/phone"),
    delete(f"{ADA}/Identifiers/phone?removeAll=true"),
    get(f"{ADA}/Identifiers/phone"),
    delete(f"{ADA}/Identifiers/phone?all=true"),
    put(
        f"{PEOPLE}/Bulk",
        {
            "profiles": [
                {"traits": {"Contact": {"email": f"bulk{n}@b.com"}}} for n in range(3)
            ]
        },
        keep=STATUS,
    ),
    get("{status}"),
    put(f"{PEOPLE}/Bulk", {"profiles": [{"traits": {"Contact": {"city": "x"}}}]}),
    put(f"{PEOPLE}/Bulk", {"profiles": []}),
    get(f"{PEOPLE}?pageSize=3", keep={"next": "meta.nextToken"}),
    get(f"{PEOPLE}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{PEOPLE}?pageToken={{back}}", keep={"third": "profiles.0"}),
    delete(f"{PEOPLE}/{{third}}"),
    get(f"{PEOPLE}/{{third}}"),
    get(f"{PEOPLE}?orderBy=ASC"),
]

THE_MEMORIES = [
    post(
        TOLD,
        {
            "observations": [
                told("Likes tea with “milk”\tand sugar\n", at="2026-02-01T10:00:00Z"),
                told(
                    "Has a dog named Rex 🐕",
                    at="2026-02-02T12:30:45.678+02:00",
                    conversationIds=[CONVERSATION],
                    source="desk/1",
                ),
            ]
        },
    ),
    post(
        TOLD,
        {
            "observations": [
                told("Moved to Leeds in May 2025", at="2026-02-03T10:00:00Z", note="?"),
                told("Likes tea", at="2026-02-04T10:00:00Z", conversationIds=None),
            ]
        },
    ),
    post(
        TOLD,
        gzip.compress(
            b'{"observations":[{"content":"Prefers email","source":"chat",'
            b'"occurredAt":"2026-02-05T10:00:00z"}]}',
            mtime=0,
        ),
        headers={"Content-Encoding": "gzip"},
    ),
    get(TOLD, keep={"last": "observations.0.id", "dog": "observations.3.id"}),
    get(TOLD, headers=PACKED),
    head(TOLD),
    get(f"{TOLD}?pageSize=2", keep={"next": "meta.nextToken"}),
    get(f"{TOLD}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{TOLD}?pageToken={{back}}"),
    get(f"{TOLD}?orderBy=ASC&pageSize=1&source=chat", keep={"next": "meta.nextToken"}),
    get(f"{TOLD}?pageToken={{next}}"),
    get(f"{TOLD}?source=desk/1&conversationId={CONVERSATION}"),
    get(f"{TOLD}?createdBefore=2026-03-02T09:00:00Z"),
    get(f"{TOLD}?createdAfter=2026-03-02T10:00:00+01:00&pageSize=1"),
    get(f"{TOLD}?createdAfter=yesterday"),
    get(f"{TOLD}?conversationId=chat-7"),
    get(f"{TOLD}?source=%3F"),
    get(f"{TOLD}/{{dog}}"),
    head(f"{TOLD}/{{dog}}"),
    get(f"{TOLD}/{{dog}}/Revisions"),
    patch(f"{TOLD}/{{dog}}", {"content": "Has two dogs", "conversationIds": []}),
    patch(f"{TOLD}/{{dog}}", {"occurredAt": "2026-02-02T11:00:00Z"}),
    patch(f"{TOLD}/{{dog}}", {}),
    get(f"{TOLD}/{{dog}}"),
    get(f"{TOLD}/{{dog}}/Revisions?pageSize=2", keep={"next": "meta.nextToken"}),
    get(
        f"{TOLD}/{{dog}}/Revisions?pageToken={{next}}", keep={"b": "meta.previousToken"}
    ),
    get(f"{TOLD}/{{dog}}/Revisions?pageToken={{b}}"),
    delete(f"{TOLD}/{{last}}"),
    get(f"{TOLD}/{{last}}"),
    get(f"{TOLD}/dog"),
    post(
        SUMS,
        {
            "summaries": [
                {
                    "content": "Asked about tea, and how to keep a dog",
                    "conversationId": CONVERSATION,
                    "occurredAt": "2026-02-02T13:00:00Z",
                    "source": "summariser",
                }
            ]
        },
    ),
    post(
        SUMS,
        {
            "summaries": [
                {
                    "content": "Asked for a refund",
                    "conversationId": "conv_conversation_01k0000000000000000000000c",
                    "occurredAt": "2026-02-06T13:00:00Z",
                }
            ]
        },
    ),
    get(SUMS, keep={"sum": "summaries.1.id", "refund": "summaries.0.id"}),
    head(SUMS),
    get(f"{SUMS}?pageSize=1", keep={"next": "meta.nextToken"}),
    get(f"{SUMS}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{SUMS}?pageToken={{back}}"),
    get(f"{SUMS}?conversationId={CONVERSATION}"),
    get(f"{SUMS}/{{sum}}"),
    patch(f"{SUMS}/{{sum}}", {"content": "Asked about tea", "source": "desk"}),
    get(f"{SUMS}/{{sum}}"),
    patch(f"{SUMS}/{{sum}}", {"conversationId": "chat-7"}),
    delete(f"{SUMS}/{{refund}}"),
    get(f"{SUMS}/{{refund}}"),
    get(f"{SUMS}/refund"),
]

RECALL = f"{ADA}/Recall"

THE_RECALLS = [
    post(RECALL),
    post(RECALL, {"trace": True, "observationsLimit": 1, "summariesLimit": 0}),
    post(RECALL, {"query": "does she like tea?"}),
    post(RECALL, {"query": "does she like tea?", "trace": True}, headers=PACKED),
    post(
        RECALL,
        {
            "query": "when did she move to Leeds, May 2025?",
            "observationsLimit": 1,
            "beginDate": "2026-02-02T00:00:00Z",
            "relevanceThreshold": 0.05,
            "trace": True,
            "traceItems": ["{dog}", "{sum}", "{nobody}"],
        },
    ),
    post(RECALL, {"conversationId": CONVERSATION, "observationsLimit": 2}),
    post(RECALL, {"conversationId": CONVERSATION, "trace": True}),
    post(
        RECALL,
        {
            "beginDate": "2026-02-01T00:00:00Z",
            "endDate": "2026-02-02T00:00:00+00:00",
            "communicationsLimit": 5,
        },
    ),
    post(RECALL, {"query": "tea", "observationsLimit": 101}),
    post(RECALL, {"query": "tea", "relevanceThreshold": "high"}),
    post(RECALL, {"query": "t" * 1025}),
    post(RECALL, {"query": "tea", "endDate": "2026-02-02"}),
    post(f"{PEOPLE}/{{nobody}}/Recall", {"query": "tea"}),
]

MERGED = f"{PEOPLE}/{{cal}}"

THE_MERGES = [
    post(
        PEOPLE,
        {"traits": {"Contact": {"phone": "+442079460009", "firstName": "A."}}},
        keep={"cal": "id"},
    ),
    post(
        f"{MERGED}/Observations",
        {"observations": [told("Calls", at="2026-02-07T10:00:00Z")]},
    ),
    get(f"{MERGED}/Observations", keep={"call": "observations.0.id"}),
    post(f"{MERGED}/Identifiers", {"idType": "email", "value": "ada@b.com"}),
    get(MERGED),
    head(f"{MERGED}/Traits?pageSize=5"),
    get(f"{MERGED}/Observations/{{call}}"),
    get(f"{MERGED}/Observations/{{call}}/Revisions"),
    patch(MERGED, {"traits": {}}),
    post(f"{MERGED}/Recall", {"query": "tea"}),
    delete(f"{MERGED}/Observations/{{call}}"),
    get(MERGED, settings={"MEMORY_FOLLOW_MERGED": True}),
    get(f"{ADA}?includeMergedIds=true"),
    get(f"{ADA}/Identifiers"),
    post(f"{PEOPLE}/Lookup", {"idType": "phone", "value": "+442079460009"}),
]


def columns(*names: str) -> list[dict[str, str]]:
    return [
        {"columnName": column, "traitGroup": group, "traitName": trait}
        for column, group, trait in (name.split("=") for name in names)
    ]


COLUMNS = columns("Mail=Contact=email", "First=Contact=firstName", "Nr=Account=seats")
IMPORT = {"filename": "people.csv", "fileSize": len(CSV), "columnMappings": COLUMNS}
ANNOUNCED = {"import": "importId", "upload": "url", "status": "statusUrl"}

THE_IMPORTS = [
    post(IMPORTS, IMPORT, keep=ANNOUNCED),
    get(f"{IMPORTS}/{{import}}"),
    get("{status}"),
    put("{upload}", CSV[:-1], who="", headers={"Content-Type": "text/csv"}),
    put("{upload}x", CSV, who=""),
    put("{upload}", CSV, who="", headers={"Content-Type": "text/csv"}),
    get(f"{IMPORTS}/{{import}}"),
    get("{status}"),
    put("{upload}", CSV, who=""),
    get(f"{IMPORTS}/{{import}}", worker_first=True),
    get("{status}"),
    post(
        f"{PEOPLE}/Lookup",
        {"idType": "email", "value": "csv@b.com"},
        keep={"csv": "profiles.0"},
    ),
    get(f"{PEOPLE}/{{csv}}"),
    post(IMPORTS, IMPORT | {"fileSize": 5}, keep=ANNOUNCED),
    put("{upload}", b'"Mail', who=""),
    get(f"{IMPORTS}/{{import}}", worker_first=True),
    get("{status}"),
    post(IMPORTS, IMPORT, keep=ANNOUNCED),
    put("{upload}", CSV, who="", after_s=1801),
    get(f"{IMPORTS}?pageSize=2", keep={"next": "meta.nextToken"}),
    get(f"{IMPORTS}?pageToken={{next}}", keep={"back": "meta.previousToken"}),
    get(f"{IMPORTS}?pageToken={{back}}"),
    get(f"{IMPORTS}/people"),
    post(IMPORTS, IMPORT | {"columnMappings": COLUMNS[:1]}),
    post(IMPORTS, IMPORT | {"columnMappings": [*COLUMNS, COLUMNS[0]]}),
]

THE_OLDER_DIALECT = [
    post(
        OLDER,
        {"uniqueName": "old-1", "friendlyName": "An older one"},
        keep={"service": "sid"},
    ),
    post(OLDER, {"uniqueName": "old-1"}),
    post(OLDER, {"uniqueName": "not a name"}),
    get(f"{OLDER}?pageSize=2", keep={"next": "meta.nextToken"}),
    get(f"{OLDER}?pageToken={{next}}"),
    get(OLD_STORE),
    get(f"{STORES}/{{service}}"),
    get(f"{OLDER}/{{store}}"),
    post(
        f"{OLD_STORE}/Profiles",
        {
            "traits": {
                "Contact": {"email": "bea@b.com"},
                "Shop": {
                    "visits": 3,
                    "member": True,
                    "tags": ["a", "b"],
                    "first_buy": "x",
                },
            }
        },
        keep={"bea": "id"},
    ),
    get(f"{STORES}/{{service}}/TraitGroups/Shop"),
    get(f"{OLD_STORE}/Profiles"),
    get(BEA),
    patch(BEA, {"traits": {"Shop": {"member": None, "since": 2019.5}}}),
    patch(BEA, {"traits": {"no name!": {"a": 1}}}),
    get(BEA),
    post(f"{OLD_STORE}/Profiles/Lookup", {"idType": "email", "value": "bea@b.com"}),
    post(
        f"{BEA}/Observations",
        {
            "observations": [
                {
                    "content": "Buys boots",
                    "source": "till",
                    "conversationIds": ["chat-7"],
                }
            ]
        },
    ),
    get(
        f"{BEA}/Observations?conversationId=chat-7", keep={"boots": "observations.0.id"}
    ),
    patch(f"{BEA}/Observations/{{boots}}", {"conversationIds": ["chat-8", "chat 9"]}),
    get(f"{BEA}/Observations/{{boots}}"),
    get(f"{BEA}/Observations/{{boots}}/Revisions"),
    post(
        f"{BEA}/ConversationSummaries",
        {"content": "Bought boots", "conversationId": "chat-7"},
    ),
    post(
        f"{BEA}/ConversationSummaries",
        {
            "summaries": [
                {
                    "content": "Returned boots",
                    "conversationId": "chat-8",
                    "source": "till",
                }
            ]
        },
    ),
    post(f"{BEA}/ConversationSummaries", {"content": "Of which conversation?"}),
    get(
        f"{BEA}/ConversationSummaries?conversationId=chat-8",
        keep={"back": "summaries.0.id"},
    ),
    patch(f"{BEA}/ConversationSummaries/{{back}}", {"conversationId": "chat-7"}),
    get(f"{BEA}/ConversationSummaries"),
    post(f"{BEA}/Recall", {"query": "boots", "observationsLimit": 1000}),
    post(f"{BEA}/Recall", {"conversationId": "chat-8", "trace": True}),
    delete(f"{BEA}/Observations/{{boots}}"),
    delete(f"{BEA}/ConversationSummaries/{{back}}"),
    delete(BEA),
    delete(OLD_STORE),
    get(OLD_STORE),
]

HUGE = str(8 * 1024 * 1024 + 1)

THE_REFUSALS = [
    get(STORES, who=""),
    get(STORES, who="", headers={"Authorization": "Bearer x"}),
    get(STORES, who="", headers={"Authorization": "Basic QUM6eA=="}),
    get(STORE, who="acme_key"),
    get(STORE, who="other"),
    get(f"{STORES}/client-1"),
    get(f"{PEOPLE}/{{nobody}}"),
    get(f"{PEOPLE}/ada"),
    get(f"{PLANE}/Operations/mem_operation_01k0000000000000000000000a"),
    get(f"{PLANE}/Operations/x"),
    get("/v1/Nothing"),
    get(f"{STORES}/"),
    post(STORE, {"displayName": "x"}),
    put(TOLD, {}),
    get(f"{PEOPLE}/Lookup"),
    delete(f"{PEOPLE}/Bulk"),
    patch(STORE, b'{"displayName":', headers={"Content-Type": "application/json"}),
    patch(STORE, b"[]"),
    patch(STORE, b'{"displayName":1e999}'),
    patch(STORE, b'{"displayName":"a\\u0000"}'),
    patch(STORE, b'{"description":"a\x07"}'),
    patch(STORE, b'{"de\\u0007scription":"a"}'),
    patch(STORE, b"displayName=x", headers={"Content-Type": "text/plain"}),
    patch(STORE, {"displayName": "a b"}),
    patch(STORE, {"displayName": 7}),
    post(STORES, b'{"x":' * 5000 + b"1" + b"}" * 5000),
    post(STORES, {}),
    post(STORES, {"displayName": "x"}, headers={"Transfer-Encoding": "chunked"}),
    post(STORES, {"displayName": "x"}, headers={"Content-Length": HUGE}),
    post(STORES, {"displayName": "x"}, headers={"Content-Length": "many"}),
    post(STORES, {"displayName": "x"}, headers={"Host": "elsewhere"}),
    Call(method="DELETE", path=TOLD + "/{dog}", body={"reason": "wrong"}),
    get(f"{STORES}?x=%00"),
    post(PEOPLE, {"traits": {"Contact": {"firstName": "Nobody"}}}),
    post(PEOPLE, {"traits": {"Contact": {"email": "n@b.com", "shoe": 1}}}),
    post(PEOPLE, {"traits": {"Account": {"code": "abc"}}}),
    post(PEOPLE, {"traits": {"Account": {"seats": "many"}}, "more": 1}),
    patch(ADA, {"traits": {"Account": {"seats": 100}}}),
    patch(ADA, {"traits": {"Account": {"seats": 2**31}}}),
    patch(ADA, {"traits": {"Account": ["vip"]}}),
    post(TOLD, {"observations": [told("x", at="2026-02-01")]}),
    post(TOLD, {"observations": [told("", at="2026-02-01T00:00:00Z")]}),
    post(
        TOLD,
        {"observations": [told("x", at="2026-02-01T00:00:00Z") | {"source": "a?"}]},
    ),
    post(TOLD, {"observations": [told("x", at="2026-02-01T00:00:00Z")] * 11}),
    post(TOLD, {"observations": [], "atOnce": True}),
    post(SUMS, {"summaries": [told("x", at="2026-02-01T00:00:00Z")]}),
    get("/v1/Errors/400", who=""),
    get("/v1/Errors/520043", who=""),
    get("/v1/Errors/1", who=""),
    get(STORES, settings={"MEMORY_REQUESTS_PER_S": 0.001}),
    get(STORES, settings={"MEMORY_REQUESTS_PER_S": 0.001}),
]

LAG = {"settings": {"MEMORY_VISIBILITY_LAG_S": 30.0}}

THE_DELAY = [
    post(TOLD, {"observations": [told("Late", at="2026-02-08T10:00:00Z")]}, **LAG),
    post(
        PEOPLE,
        {"traits": {"Contact": {"email": "late@b.com"}}},
        keep={"late": "id"},
        **LAG,
    ),
    post(
        PEOPLE,
        {"traits": {"Contact": {"email": "late@b.com"}}},
        keep={"again": "id"},
        **LAG,
    ),
    post(STORES, {"displayName": "late-1"}, keep={"first": "statusUrl"}, **LAG),
    post(STORES, {"displayName": "late-1"}, keep={"second": "statusUrl"}, **LAG),
    patch(STORE, {"description": "late"}, headers=if_match('"2"'), **LAG),
    patch(
        STORE,
        {"description": "later"},
        headers=if_match('"2"'),
        keep={"third": "statusUrl"},
        **LAG,
    ),
    post(TOLD, {"observations": [told("", at="2026-02-08T10:00:00Z")]}, **LAG),
    get(f"{TOLD}?pageSize=1", **LAG),
    get(f"{PEOPLE}/{{late}}", **LAG),
    get("{first}", **LAG),
    get(f"{TOLD}?pageSize=1", after_s=40, **LAG),
    get(f"{PEOPLE}/{{late}}", **LAG),
    get(f"{PEOPLE}/{{again}}", **LAG),
    get("{first}", **LAG),
    get("{second}", **LAG),
    get("{third}", **LAG),
    delete(f"{PEOPLE}/{{late}}", **LAG),
    get(f"{PEOPLE}/{{late}}", **LAG),
    get(f"{PEOPLE}/{{late}}"),
]

CALLS = [
    *THE_STORES,
    *THE_SETTINGS,
    *THE_GROUPS,
    *THE_MAPPINGS,
    *THE_PEOPLE,
    *THE_MEMORIES,
    *THE_RECALLS,
    *THE_MERGES,
    *THE_IMPORTS,
    *THE_OLDER_DIALECT,
    *THE_REFUSALS,
    *THE_DELAY,
    get(f"{IMPORTS}/{{import}}/Refusals"),
    delete(f"{PEOPLE}/{{csv}}?suppress=yes"),
    delete(f"{PEOPLE}/{{csv}}?suppress=true"),
    post(PEOPLE, {"traits": {"Contact": {"email": "csv@b.com"}}}),
]
