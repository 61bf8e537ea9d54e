"""The chapters of the description, in the order in which one comes to need them.

An operation belongs to the chapter that is called like the module of its view.
"""

# name: title, what it is about
TAGS: dict[str, tuple[str, str]] = {
    "stores": (
        "Stores",
        "A store holds everything remembered for one tenant. Writes to stores, trait "
        "groups, identity settings and data mappings are accepted with 202; the "
        "operation at statusUrl has the outcome.",
    ),
    "operations": ("Operations", "The outcome of accepted writes."),
    "trait_groups": (
        "Trait groups",
        "What a profile can hold about a customer. Each trait is declared with its type "
        "before a profile can have it; Contact is built in.",
    ),
    "identity_settings": (
        "Identity settings",
        "Which identifiers a store has, how their values are normalised, and which of "
        "them make two profiles the same person.",
    ),
    "profiles": (
        "Profiles",
        "A profile is one customer of a tenant. After a merge the older id is kept; the "
        "other redirects to it, with Canonical-Profile-Id in the answer.",
    ),
    "identifiers": (
        "Identifiers",
        "Phone numbers, email addresses and other values by which a profile is found.",
    ),
    "observations": (
        "Observations",
        "Single facts learned about a customer, each with the time it was said.",
    ),
    "summaries": (
        "Conversation summaries",
        "What a conversation was about and how it ended, in a few sentences.",
    ),
    "recall": ("Recall", "What matters now, for an agent that is about to answer."),
    "bulk": (
        "Bulk writes",
        "Many profiles in one request, each resolved as if it were created alone.",
    ),
    "imports": ("Imports", "Profiles from a CSV file: announce it, upload it, wait."),
    "data_mappings": (
        "Data mappings",
        "Which column of a warehouse table or a CRM fills which trait.",
    ),
    "errors": (
        "Errors",
        "Every error has a code, a message that names the field, and at more_info an "
        "explanation.",
    ),
    "document": ("Description", "This reference for programs."),
    "v1_services": (
        "Older clients: /v1/Services",
        "The same stores under their old name, for clients that still use it. Every "
        "address below /v1/Stores/{storeId} also answers below /v1/Services/{storeId}; "
        "some of them differ. New clients use /v1/Stores.",
    ),
}
