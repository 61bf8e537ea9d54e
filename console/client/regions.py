"""Whether the address of the vendor's memory is one that the vendor has. An address is the
product, an edge where calls enter and a region that keeps the data, as the official
clients write it: memory[.edge][.region].twilio.com (contract 15.1)."""

import re
from dataclasses import dataclass

VENDOR = "twilio.com"
PRODUCT = "memory"
HOME = "us1"
REGIONS = ("us1", "ie1", "au1")
# Each with its nearest region.
EDGES = {
    "ashburn": "us1",
    "umatilla": "us1",
    "roaming": "us1",
    "sao-paulo": "us1",
    "dublin": "ie1",
    "frankfurt": "ie1",
    "sydney": "au1",
    "singapore": "au1",
    "tokyo": "au1",
}
_REGION = re.compile(r"[a-z]{2}[1-9]")


@dataclass(frozen=True, slots=True)
class Place:
    """region  where the vendor keeps the data; "" of somebody else's address
    fault   what is wrong with the address, in words; "" when nothing is
    better  the address that was probably meant; "" when nobody knows
    """

    region: str = ""
    fault: str = ""
    better: str = ""


def find_place(address: str) -> Place:
    """Of an origin as `check_address` answers it."""
    host = address.partition("://")[2].partition(":")[0]
    if host != VENDOR and not host.endswith(f".{VENDOR}"):
        return Place()
    product, *places = host.removesuffix(VENDOR).strip(".").split(".")
    where = ".".join(places)
    if product != PRODUCT:
        return _fault(
            f"“{product or VENDOR}” is not the memory: it is {PRODUCT}", where
        )
    edge, region = ["", "", *places][-2:]
    if len(places) > 2:
        return _fault("There are more parts than an edge and a region", "")
    if len(places) == 1 and region in EDGES:
        full = f"{region}.{EDGES[region]}"
        return _fault(f"“{region}” is an edge: its region has to follow", full)
    if edge and edge in REGIONS:
        return _fault("The edge comes before the region", f"{region}.{edge}")
    if region and not _REGION.fullmatch(region):
        return _fault(f"“{region}” is no region: {', '.join(REGIONS)} are", "")
    if address.partition("://")[2] != host:
        return _fault("The vendor answers at no other port than 443", where)
    return Place(region or HOME)


def _fault(words: str, places: str) -> Place:
    host = ".".join(filter(None, (PRODUCT, places, VENDOR)))
    return Place(fault=f"{words}.", better=f"https://{host}")
