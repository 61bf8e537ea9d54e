"""What the contract takes for a source and for a conversation's id, as forms check it."""

from django.core.validators import RegexValidator

from console.contract.ids import CONVERSATION_ID
from console.contract.memory.observation import SOURCE

check_source = RegexValidator(
    rf"^{SOURCE.pattern}\Z", "A source has letters, digits, “_./-”."
)
check_conversation = RegexValidator(
    rf"^{CONVERSATION_ID.pattern}\Z",
    "A conversation's id starts with conv_conversation_.",
)
