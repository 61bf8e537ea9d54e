"""Addresses of the vendor's memory: its regions, and what people write instead."""

import pytest

from console.client.regions import find_place


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("memory.twilio.com", "us1"),
        ("memory.ie1.twilio.com", "ie1"),
        ("memory.dublin.ie1.twilio.com", "ie1"),
        ("memory.sydney.us1.twilio.com", "us1"),
        ("memory.example", ""),
        ("nottwilio.com", ""),
    ],
)
def test_region_of_an_address(host, region):
    place = find_place(f"https://{host}")

    assert (place.region, place.fault) == (region, "")


@pytest.mark.parametrize(
    ("host", "words", "better"),
    [
        ("api.twilio.com", "“api” is not the memory", "memory.twilio.com"),
        ("twilio.com", "“twilio.com” is not the memory", "memory.twilio.com"),
        ("api.ie1.twilio.com", "is not the memory", "memory.ie1.twilio.com"),
        ("memory.dublin.twilio.com", "is an edge", "memory.dublin.ie1.twilio.com"),
        ("memory.ie1.dublin.twilio.com", "before", "memory.dublin.ie1.twilio.com"),
        ("memory.europe.twilio.com", "“europe” is no region", "memory.twilio.com"),
        ("memory.a.b.us1.twilio.com", "more parts", "memory.twilio.com"),
        ("memory.twilio.com:8443", "no other port", "memory.twilio.com"),
    ],
)
def test_region_fault_in_words_and_the_better_address(host, words, better):
    place = find_place(f"https://{host}")

    assert words in place.fault
    assert place.better == f"https://{better}"
    assert not find_place(place.better).fault
