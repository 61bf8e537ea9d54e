"""The emulator by itself: python -m tests.segment [PORT]"""

import sys

from tests.segment.emulator import Emulator

if __name__ == "__main__":
    emulator = Emulator(port=int((sys.argv[1:] or ["0"])[0]))
    print(
        f"Segment's APIs at {emulator.url}: space {emulator.space}, profile token "
        f"{next(iter(emulator.tokens))}, write key {next(iter(emulator.sources))}",
        flush=True,
    )
    emulator.server.serve_forever()
