"""What the client takes to decode a page, as a ratio to json.loads of the same bytes."""

import json
from functools import partial
from timeit import repeat

from console.client.decode import decode
from console.contract.ids import new_id
from console.contract.memory.observation import Observation, ObservationsPage

SIZES = (1, 10, 50)


def make_page(size: int) -> bytes:
    observations = [
        Observation.sample
        | {
            "id": new_id("mem_observation"),
            "content": f"Prefers SMS over calls for delivery {number}.",
            "conversationIds": [new_id("conv_conversation")],
        }
        for number in range(size)
    ]
    meta = {"key": "observations", "pageSize": size}
    page = {"observations": observations, "meta": meta}
    return json.dumps(page, separators=(",", ":")).encode()


def run() -> None:
    print(f"\n{'observations on a page':<28}{'ms':>8}{'json.loads':>12}{'ratio':>8}")
    for size in SIZES:
        body = make_page(size)
        ours = min(repeat(partial(decode, body, ObservationsPage), number=50)) / 50
        plain = min(repeat(partial(json.loads, body), number=50)) / 50
        times = f"{ours * 1000:>8.3f}{plain * 1000:>12.3f}"
        print(f"{size:<28}{times}{ours / plain:>8.2f}")


if __name__ == "__main__":
    run()
