"""Rules tried on what was said lately, before they count. Nothing is written."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from console.contract.conversations import learning as wire
from console.service.conversations.models import Conversation, Transition
from console.service.conversations.reading import Reading, extract_sentences
from console.service.conversations.rules import Rules, list_removed
from console.service.memory.models import Store

# As many as a person waits for: about a second.
CONVERSATIONS, TURNS, EXAMPLES = 25, 2_000, 3
_ACTIONS = {"quarantined": "quarantine", "dropped": "drop"}

# What would become of a fact: the action, the kinds, the text without them, its turn.
Outcome = tuple[str, Sequence[str], str, str]


def try_rules(store: Store, rules: Rules) -> wire.RulesTrial:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    examples: list[wire.TrialExample] = []
    facts, tried = 0, list(_list_newest(store))
    for row in tried:
        for action, kinds, text, turn in _judge(store, row, rules):
            facts += 1
            if kinds:
                counts[action].update(kinds)
            if kinds and sum(x.action == action for x in examples) < EXAMPLES:
                examples.append(
                    wire.TrialExample(
                        action=action,
                        kinds=tuple(kinds),
                        text=text,
                        conversation_id=row.id,
                        communication_id=turn,
                    )
                )
    return wire.RulesTrial(
        conversations=len(tried),
        facts=facts,
        counts={action: dict(kinds) for action, kinds in counts.items()},
        examples=tuple(examples),
    )


def _list_newest(store: Store) -> Iterator[Conversation]:
    rows, left = Conversation.objects.of(store).exclude(last_sequence=0), TURNS
    for row in rows.order_by("-created_at", "-id")[:CONVERSATIONS]:
        left -= row.last_sequence
        if left < 0:
            return
        yield row


def _judge(store: Store, row: Conversation, rules: Rules) -> Iterator[Outcome]:
    reading = Reading(Transition(status="INACTIVE"), row, store, rules)
    for lesson in map(extract_sentences, reading.build_talks(reconciled=False)):
        for fact in lesson.facts:
            turn = reading.by_sequence[fact.turns[-1]].id
            yield "redact", list_removed(fact.text), fact.text, turn
        for fact, verdict in lesson.withheld:
            turn = reading.by_sequence[fact.turns[-1]].id
            action = _ACTIONS[verdict.outcome]
            yield action, verdict.kinds, rules.redact(fact.text), turn
