"""Texts as the stems that BM25 counts."""

import re
from functools import lru_cache
from zlib import crc32

import numpy as np
import Stemmer

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# Words that say nothing about what a text is about: articles, pronouns, auxiliaries,
# prepositions. Kept short on purpose: an idf of nearly zero does the rest.
STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "being",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "for",
        "from",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "me",
        "might",
        "my",
        "of",
        "on",
        "or",
        "our",
        "ours",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "too",
        "us",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
    ]
)


@lru_cache(maxsize=50_000)
def _stem(word: str) -> str:
    # A stemmer of PyStemmer is not safe to share between threads; making one is cheap
    # beside the cache that stands before it.
    stem: str = Stemmer.Stemmer("english", 0).stemWord(word)
    return stem


def stems(text: str) -> list[str]:
    """The stems of a text's words in order, without stop words.

    Snowball English (Porter, 2001) on case-folded words; other languages keep
    their words as they are, apart from endings that look English.
    """
    words = (match.group().casefold() for match in _WORD.finditer(text))
    return [_stem(word.replace("’", "'")) for word in words if word not in STOP_WORDS]


def hash_stem(stem: str) -> int:
    """A stem as it is stored: its CRC-32.

    Among the 5,000 different stems of a large profile, two share a value once in
    350 profiles; the price is one text that matches a word too many.
    """
    return crc32(stem.encode())


def terms(text: str) -> bytes:
    """A text's stems in order, packed as little-endian 32-bit terms."""
    return np.fromiter(map(hash_stem, stems(text)), "<u4").tobytes()
