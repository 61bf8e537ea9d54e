import msgspec
import pytest

from console.pages.reference.openapi import Field, FieldReader, Parameter, Schema

TEXT = {"type": "string", "pattern": r"^[^\x00-\x08]*$"}


def convert(schema):
    return msgspec.convert(schema, Schema)


def read(schema, **schemas):
    reader = FieldReader(msgspec.convert(schemas, dict[str, Schema]))
    fields = reader.read_fields(Schema(properties={"it": convert(schema)}))
    return {field.name: field.type for field in fields}


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        (TEXT, "string"),
        (TEXT | {"minLength": 1, "maxLength": 4096}, "string (1 to 4,096 characters)"),
        (TEXT | {"maxLength": 30}, "string (at most 30 characters)"),
        (
            {"type": "integer", "minimum": 50, "maximum": 99, "default": 75},
            "integer (50 to 99, default 75)",
        ),
        ({"type": "integer", "minimum": 0}, "integer (at least 0)"),
        ({"type": "boolean", "default": True}, "boolean (default true)"),
        ({"type": "array", "minItems": 2, "maxItems": 9}, "array (2 to 9 items)"),
        ({"type": ["number", "boolean"]}, "number or boolean"),
        ({"enum": ["", "ARRAY"]}, '"" or ARRAY'),
        ({"type": "string", "format": "date-time"}, "date-time"),
        ({"anyOf": [TEXT, {"type": "number"}, {"type": "null"}]}, "string or number"),
    ],
)
def test_read_fields_says_limits_in_words(schema, type_):
    assert read(schema) == {"it": type_}


def test_read_fields_follows_references_into_lists_and_open_objects():
    note = {"properties": {"content": TEXT}, "required": ["content"], "type": "object"}
    many = {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}

    assert read(many, Note=note) == {"it": "array", "it[].content": "string"}
    assert read({"type": "object", "additionalProperties": TEXT}) == {
        "it": "object",
        "it.*": "string",
    }


def test_read_fields_merges_the_forms_of_one_field():
    forms = [
        {"properties": {"type": {"enum": [name]}}, "required": ["type"]}
        for name in ("INGRESS", "DATASET")
    ]
    forms[1]["properties"]["id"] = TEXT
    forms[1]["required"].append("id")

    fields = FieldReader({}).read_fields(convert({"anyOf": forms}))

    assert fields == [
        Field("type", "INGRESS or DATASET", required=True),
        Field("id", "string"),
    ]


def test_read_fields_ends_where_a_schema_holds_itself():
    tree = {"properties": {"inner": {"$ref": "#/components/schemas/Tree"}}}
    loop = {"anyOf": [{"$ref": "#/components/schemas/Loop"}, TEXT]}

    names = list(read({"$ref": "#/components/schemas/Tree"}, Tree=tree))

    assert names[:2] == ["it", "it.inner"]
    assert len(names) < 10
    assert set(read({"$ref": "#/components/schemas/Loop"}, Loop=loop)) == {"it"}


def test_read_parameter_keeps_the_pattern_and_what_it_is_for():
    schema = {"type": "string", "pattern": "^[a-z]+$", "description": "By name."}

    field = FieldReader({}).read_parameter(Parameter("name", "query", convert(schema)))

    assert field == Field("name", "string", pattern="^[a-z]+$", help="By name.")
