from console.pages.reference.operation import (
    ACCEPTED,
    ID,
    PEOPLE,
    PERSON,
    WHEN,
    Operation,
    Section,
    page_of,
)

_ADA = {"Contact": {"email": "ada@example.com", "firstName": "Ada"}}
_GROUPS = {"traitGroups": "only these groups, their names parted by commas"}

PROFILES = Section(
    "profiles",
    "Profiles",
    "A profile is one customer of a tenant. After a merge the older id goes on; the "
    "other one redirects there, with Canonical-Profile-Id in the answer.",
    (
        Operation(
            name="create-profile",
            method="POST",
            path=PEOPLE,
            says="Finds the profile that holds one of these identifiers, or makes a "
            "new one. At least one trait has to be promoted to an identifier.",
            call="profiles.create",
            request="profile.ProfileList.ProfileData",
            shows="id",
            body={"traits": _ADA},
            status=202,
            answer={"id": f"mem_profile_{ID}", "message": "accepted"},
        ),
        Operation(
            name="lookup-profiles",
            method="POST",
            path=f"{PEOPLE}/Lookup",
            says="Who holds an identifier: the value as it was normalised, and the "
            "ids of the profiles.",
            call="lookup.create",
            request="lookup.LookupList.Identifier",
            shows="profiles",
            body={"idType": "email", "value": "Ada@Example.com"},
            answer={
                "normalizedValue": "ada@example.com",
                "profiles": [f"mem_profile_{ID}"],
            },
        ),
        Operation(
            name="list-profiles",
            method="GET",
            path=PEOPLE,
            says="The ids of a store's profiles, newest first.",
            call="profiles.list",
            shows="",
            paged=True,
            answer=page_of("profiles", f"mem_profile_{ID}"),
        ),
        Operation(
            name="fetch-profile",
            method="GET",
            path=PERSON,
            says="One profile and its traits by group.",
            call="profiles.fetch",
            shows="traits",
            options=_GROUPS,
            answer={"id": f"mem_profile_{ID}", "createdAt": WHEN, "traits": _ADA},
        ),
        Operation(
            name="patch-profile",
            method="PATCH",
            path=PERSON,
            says="Sets the traits that are named and keeps the rest; null removes one "
            "(the Python client leaves nulls out).",
            call="profiles.patch",
            request="profile.ProfileList.ProfilePatch",
            body={"traits": {"Contact": {"city": "Bern"}}},
            status=202,
            answer=ACCEPTED,
        ),
        Operation(
            name="list-traits",
            method="GET",
            path=f"{PERSON}/Traits",
            says="A profile's traits one by one, each with the time of its last "
            "change.",
            call="traits.list",
            shows="value",
            paged=True,
            options=_GROUPS,
            answer=page_of(
                "traits",
                {
                    "name": "city",
                    "traitGroup": "Contact",
                    "value": "Bern",
                    "timestamp": WHEN,
                },
            ),
        ),
        Operation(
            name="delete-profile",
            method="DELETE",
            path=PERSON,
            says="Removes the profile with its identifiers, observations and "
            "summaries. It cannot be brought back.",
            call="profiles.delete",
            status=202,
            answer=ACCEPTED,
        ),
    ),
)
