"""The chapters of the description, in the order in which one comes to need them.

An operation belongs to the chapter that is called like the module of its view.
"""

# name: title, what it is about
TAGS: dict[str, tuple[str, str]] = {
    "stores": (
        "Stores",
        "A store holds everything that is remembered for one tenant. Writes to stores, "
        "trait groups, identity settings and data mappings are accepted with 202; the "
        "operation at statusUrl says what became of them.",
    ),
    "operations": ("Operations", "What became of an accepted write."),
    "trait_groups": (
        "Trait groups",
        "What a profile can say of a customer: each trait is declared with its type "
        "before a profile can have it. Contact is built in.",
    ),
    "identity_settings": (
        "Identity settings",
        "Which identifiers a store knows, how their values are normalised, and which "
        "of them say that two profiles are one person.",
    ),
    "profiles": (
        "Profiles",
        "A profile is one customer of a tenant. After a merge the older id goes on; the "
        "other one redirects there, with Canonical-Profile-Id in the answer.",
    ),
    "identifiers": (
        "Identifiers",
        "The phone numbers, addresses and other names by which a profile is found.",
    ),
    "observations": (
        "Observations",
        "Single facts that were learned of a customer, each with the time when it was "
        "said.",
    ),
    "summaries": (
        "Conversation summaries",
        "What a whole conversation came to, in a few sentences.",
    ),
    "recall": ("Recall", "What matters now, for an agent that is about to answer."),
    "bulk": (
        "Bulk writes",
        "Many profiles at once. Each is resolved as if it had been created alone.",
    ),
    "imports": ("Imports", "Profiles from a CSV file: announce it, upload it, wait."),
    "data_mappings": (
        "Data mappings",
        "Which column of a warehouse table or a CRM is which trait.",
    ),
    "errors": (
        "Errors",
        "Every refusal has a code, a message that names the field, and at more_info an "
        "explanation.",
    ),
    "document": ("Description", "What you are reading, for programs."),
    "v1_services": (
        "Older clients: /v1/Services",
        "The same stores under their old name, for programs that still ask there. Every "
        "address below /v1/Stores/{storeId} answers below /v1/Services/{storeId} as "
        "well; some differ. New programs use /v1/Stores.",
    ),
}
