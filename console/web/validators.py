"""What the contract takes for a source and for a conversation's id, as forms check it."""

from django.core.validators import RegexValidator

from console.contract.ids import CONVERSATION_ID

# Contract, section 11.4.
check_source = RegexValidator(
    r"^[a-zA-Z0-9 _./-]+\Z", "A source has letters, digits, “_./-”."
)
check_conversation = RegexValidator(
    rf"^{CONVERSATION_ID.pattern}\Z",
    "A conversation's id starts with conv_conversation_.",
)
