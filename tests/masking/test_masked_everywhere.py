"""No page of a tenant shows what its rules mask, but the one that was revealed."""

import json
import re
from html import unescape
from uuid import uuid4

import pytest
from django.urls import reverse

from console.contract.ids import new_id
from console.contract.memory.observation import PatchObservation
from console.contract.memory.trait_group import CreateTraitGroup, NewTraitDefinition
from console.masking.masker import Masker
from console.masking.models import Reveal
from console.tenants.models import Tenant
from console.tenants.vault import open_store
from tests.factories import HTMX, make_observation, make_profile, make_summary
from tests.web.test_every_address import OF_A_TENANT, address

WHY = {"reason_code": "verify", "ticket": "CASE-4521"}
# Each stands in one place, in every way that it could be written there.
CANARIES = {
    "name/Contact": ["Quillon", "Vossberg"],
    "trait/Contact.email": ["trait.mail@canary.example", "trait.mail"],
    "trait/Contact.phone": ["+15558675301", "15558675301", "5558675301"],
    "trait/Notes.other": ["note.mail@canary.example", "5558675302"],
    "trait/Notes.numbers": ["5558675303", "list.mail@canary.example"],
    "identifier/email": ["id.mail@canary.example", "id.mail"],
    "identifier/phone": ["+15558675304", "5558675304"],
    "observation": [
        "+1 (555) 867-5305",
        "867-5305",
        "told.mail@canary.example",
        "4111 1111 1111 1111",
        "4111111111111111",
        "quillon",
    ],
    "summary": ["+1 555 867 5306", "867 5306", "sum.mail@canary.example", "VOSSBERG"],
    "revision": ["5558675307", "former.mail@canary.example", "qUillon"],
    "source": ["867 5308", "867+5308", "867%205308"],
}
SOURCE = "call from 555 867 5308"
PLAIN = "Delivery of order 4521"


class Customer:
    """A profile with a canary in every place that a page could show."""

    def __init__(self, tenant):
        store = open_store(tenant)
        self.traits(store)
        self.id = make_profile(
            tenant,
            firstName="Quillon",
            lastName="Vossberg",
            email="trait.mail@canary.example",
            phone="+15558675301",
        )
        store.add_identifier(self.id, "email", "id.mail@canary.example")
        store.add_identifier(self.id, "phone", "+15558675304")
        notes = {
            "other": "Ask note.mail@canary.example or 5558675302.",
            "numbers": ["5558675303", "list.mail@canary.example"],
        }
        store.patch_profile(self.id, {"Notes": notes})
        self.conversation = new_id("conv_conversation")
        told = make_observation(
            tenant,
            self.id,
            "Was qUillon, 5558675307, former.mail@canary.example.",
            conversationIds=[self.conversation],
            source=SOURCE,
        )
        said = (
            f"{PLAIN}: call +1 (555) 867-5305, mail told.mail@canary.example, card "
            "4111 1111 1111 1111 or 4111111111111111, for quillon."
        )
        store.patch_observation(self.id, told.id, PatchObservation(content=said))
        self.observation = told.id
        self.summary = make_summary(
            tenant,
            self.id,
            f"{PLAIN}: call +1 555 867 5306 or sum.mail@canary.example, VOSSBERG.",
            conversationId=self.conversation,
            source=SOURCE,
        ).id
        [_, first] = store.list_revisions(self.id, told.id).items
        self.revision = Masker(tenant).mask_revision(first).ref
        self.source_key = Masker(tenant).mask_source(SOURCE).key

    def traits(self, store) -> None:
        store.create_trait_group(
            CreateTraitGroup(
                display_name="Notes",
                traits={
                    "other": NewTraitDefinition(data_type="STRING"),
                    "numbers": NewTraitDefinition(data_type="ARRAY"),
                },
            ),
        )

    @property
    def samples(self) -> dict[str, str]:
        return {
            "tenant": "acme",
            "profile_id": self.id,
            "observation_id": self.observation,
            "summary_id": self.summary,
            "group": "Notes",
            "trait": "other",
            "kind": "observation",
            "ref": self.observation,
            "deletion_id": str(uuid4()),
        }

    def subject(self, subject: str) -> str:
        """`observation` with its id."""
        id_ = {
            "observation": self.observation,
            "summary": self.summary,
            "revision": self.revision,
        }.get(subject)
        return f"{subject}/{id_}" if id_ else subject


@pytest.fixture
def customer(tenant) -> Customer:
    return Customer(tenant)


def addresses(customer: Customer) -> list[str]:
    """Every page of the tenant; those that ask something, asked."""
    paths = [address(route, **customer.samples) for route, _ in OF_A_TENANT]
    recall = reverse("recall:run", args=["acme"])
    timeline = reverse("timeline:timeline", args=["acme", customer.id])
    asked = f"{recall}?identity={customer.id}&explain=on"
    return [
        *paths,
        f"{asked}&mode=query&query=delivery+of+order",
        f"{asked}&mode=conversation&conversation={customer.conversation}",
        f"{asked}&mode=recent",
        f"{timeline}?words=delivery",
        f"{timeline}?conversation={customer.conversation}",
        f"{timeline}?source={customer.source_key}",
        *(
            f"{reverse('timeline:export', args=['acme', customer.id])}?format={each}"
            for each in ("csv", "json")
        ),
    ]


def told(response) -> str:
    """All that an answer says: head and body, as a reader and as a script has it, and
    the addresses that led to it."""
    body = (
        b"".join(response.streaming_content)
        if response.streaming
        else (response.content)
    )
    text = unescape(body.decode())
    chain = getattr(response, "redirect_chain", [])
    return f"{text}\n{json.dumps([dict(response.headers), chain])}"


def found_in(text: str) -> set[str]:
    return {
        subject
        for subject, canaries in CANARIES.items()
        if any(canary in text for canary in canaries)
    }


@pytest.mark.parametrize(
    ("person", "headers"),
    [
        ("agent", None),
        ("officer", HTMX),
        # Each role, and each way of asking, once.
        ("auditor", HTMX | {"HX-Boosted": "true"}),
        ("operator", None),
    ],
)
def test_masking_holds_on_every_page(client, request, customer, person, headers):
    client.force_login(request.getfixturevalue(person))

    met = {
        path: found_in(told(client.get(path, headers=headers, follow=True)))
        for path in addresses(customer)
    }

    assert [path for path, found in met.items() if found] == []
    assert len(met) > len(PLACES)


def mask_nothing(tenant: Tenant) -> None:
    rules = ["texts", "identifiers", "group/Contact", "group/Notes"]
    tenant.masking = dict.fromkeys(rules, "clear")
    tenant.save()


def test_masking_canaries_are_found_without_rules(client, tenant, agent, customer):
    """Without masking the same walk meets all of them."""
    client.force_login(agent)
    mask_nothing(tenant)

    seen = set()
    for path in addresses(customer):
        seen |= found_in(told(client.get(path, follow=True)))
        if seen == set(CANARIES):
            break

    assert seen == set(CANARIES)


# What is revealed with it: a trait that feeds an identifier is one of its values.
ALONG = {
    # What the heading reveals, the texts below it show as well.
    "name/Contact": {"observation", "summary"},
    "identifier/email": {"trait/Contact.email"},
    "identifier/phone": {"trait/Contact.phone"},
}
# Where a revealed value may stand in clear: the pages that show that very field, and
# the one that corrects it.
TABS = {"profile", "timeline", "observations", "summaries", "traits"}
OF_A_TRAIT = {"profile", "traits", "correct"}
# The histogram comes with the filters, which name a conversation by its first text.
OF_THE_TIMELINE = {"profile", "timeline", "histogram", "observations"}
PLACES = {
    "name/Contact": TABS | {"correct", "histogram", "recent_observation"},
    "trait/Contact.email": OF_A_TRAIT,
    "trait/Notes.other": OF_A_TRAIT,
    "identifier/email": TABS | {"correct"},
    "identifier/phone": TABS | {"correct"},
    "observation": {
        "recent_observation",
        "observation",
        "observation_correct",
        "revisions",
        *OF_THE_TIMELINE,
    },
    "revision": {"observation", "revisions"},
    "summary": {"summaries", "summary", "summary_correct", *OF_THE_TIMELINE},
}


def reveal(client, customer: Customer, subject: str) -> None:
    kind, _, ref = customer.subject(subject).partition("/")
    client.post(
        reverse("reveals:reveal", args=["acme", customer.id, kind, ref]),
        WHY,
        headers=HTMX,
    )


def test_reveal_shows_one_value_on_its_pages_only(client, tenant, agent, customer):
    client.force_login(agent)
    rules = tenant.masking
    # Pages that show nothing where nothing is masked show nothing of what is revealed.
    mask_nothing(tenant)
    paths = [(address(r, **customer.samples), p.name) for r, p in OF_A_TENANT]
    paths = [each for each in paths if found_in(told(client.get(each[0])))]
    tenant.masking = rules
    tenant.save()

    for number, subject in enumerate(PLACES):
        reveal(client, customer, subject)
        met = {}
        for at, (path, name) in enumerate(paths):
            # Where it must not stand, every page has its turn with one of the subjects.
            if name not in PLACES[subject] and at % len(PLACES) != number:
                continue
            if found := found_in(told(client.get(path))):
                met[name] = met.get(name, set()) | found
        Reveal.objects.all().delete()

        assert set().union(*met.values()) == {subject} | ALONG.get(subject, set())
        assert met.keys() <= PLACES[subject]


def test_reveal_stays_out_of_attributes_and_titles(client, agent, customer):
    client.force_login(agent)
    for subject in PLACES:
        reveal(client, customer, subject)

    met = {}
    for path in addresses(customer):
        response = client.get(path, follow=True)
        if not response.get("Content-Type", "").startswith("text/html"):
            continue
        page = response.text
        title = page.partition("</title>")[0]
        attributes = " ".join(re.findall(r'="([^"]*)"', page))
        met[path] = found_in(unescape(title + attributes))

    assert len(met) > len(PLACES)
    assert [path for path, found in met.items() if found] == []


def test_masking_of_a_raw_recall_ignores_reveals(client, agent, customer):
    client.force_login(agent)
    reveal(client, customer, "observation")

    page = client.post(
        reverse("recall:run", args=["acme"]),
        {"identity": customer.id, "mode": "query", "query": "call 5558675310"},
        follow=True,
    )

    results, _, raw = page.text.partition('<details class="raw">')
    assert "+1 (555) 867-5305" in results
    assert found_in(unescape(raw)) == set()
    assert "5558675310" not in raw
    assert PLAIN in raw
