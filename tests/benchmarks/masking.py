"""What the detector finds in labelled texts of ten languages, and what it costs."""

from statistics import median
from time import process_time

from console.masking.masker import mask_text
from tests.masking.hostile import HOSTILE
from tests.masking.labelled import HALVES, KINDS, count, read_texts

ROUNDS = 5
HOSTILE_CHARS = 4096


def run() -> None:
    for half in HALVES:
        texts = read_texts(half)
        counts = count(texts)
        title = f"Detector, {len(texts)} texts {half.replace('_', ' ')}"
        print(f"\n{title:<34}{'pieces':>8}{'precision':>11}{'recall':>9}")
        languages = dict.fromkeys(text.language for text in texts)
        for key in (*languages, *KINDS, ""):
            keys = (key,) if key else ()
            pieces = sum(n for k, n in counts.right.items() if not keys or key in k)
            pieces += sum(n for k, n in counts.missed.items() if not keys or key in k)
            figures = f"{counts.precision(*keys):>11.3f}{counts.recall(*keys):>9.3f}"
            print(f"{key or 'all':<34}{pieces:>8}{figures}")
    texts = [labelled.text for half in HALVES for labelled in read_texts(half)]
    each_us = measure(texts) / len(texts) * 1e6
    print(f"\n{'Masking':<34}{'µs of CPU':>11}")
    print(f"{'a labelled text':<34}{each_us:>11.1f}")
    slowest = max(measure([text[:HOSTILE_CHARS]]) for text in HOSTILE)
    print(f"{f'{HOSTILE_CHARS:,} hostile characters':<34}{slowest * 1e6:>11.0f}")


def measure(texts: list[str]) -> float:
    """Seconds of CPU for all of them: the median of some rounds."""
    times = []
    for _ in range(ROUNDS):
        begin = process_time()
        for text in texts:
            mask_text(text)
        times.append(process_time() - begin)
    return median(times)
