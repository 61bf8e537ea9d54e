"""What can be asked of a list in its address."""

from django import forms
from django.core.validators import RegexValidator

from console.core.ids import CONVERSATION_ID

# The contract's pattern for sources, section 11.4.
SOURCE = r"^[a-zA-Z0-9 _./-]+\Z"


class PageForm(forms.Form):
    """page  the memory's own token, opaque to us"""

    page = forms.CharField(required=False, max_length=4096)


class ObservationsForm(PageForm):
    """Filters that the memory itself knows, so that every page of the list has them.

    after  the last day on the page before, whose heading need not come again
    """

    after = forms.DateField(required=False, input_formats=["%Y-%m-%d"])

    source = forms.CharField(
        required=False,
        max_length=100,
        validators=[RegexValidator(SOURCE, "A source has letters, digits, “_./-”.")],
    )
    conversation = forms.CharField(
        required=False,
        max_length=64,
        validators=[
            RegexValidator(
                rf"^{CONVERSATION_ID.pattern}\Z",
                "A conversation's id starts with conv_conversation_.",
            )
        ],
    )
