"""The nouns of the Conversations API (docs/conversations.md): /v2."""
