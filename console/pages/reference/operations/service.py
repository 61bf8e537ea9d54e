from console.pages.reference.operation import Operation, Section

ABOUT = Section(
    "about",
    "Errors and description",
    "Every refusal has a code, a message that names the field, and at more_info an "
    "explanation. These two need no credentials.",
    (
        Operation(
            name="explain-error",
            method="GET",
            path="/v1/Errors/{code}",
            says="What a code means.",
            needs_account=False,
            answer={"code": 20404, "title": "There is no such thing here."},
        ),
        Operation(
            name="describe-api",
            method="GET",
            path="/v1/openapi.json",
            says="Every operation, field and limit as an OpenAPI 3.1 document.",
            needs_account=False,
        ),
    ),
)
