"""Each page in chromium: bytes over the wire and largest contentful paint (median of 5).

`cold kB` is a first load with styles and scripts; `kB` one whose cache holds them, as
an agent's does since sign-in.
"""

from statistics import median

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.benchmarks.api import PORT, server
from tests.benchmarks.pages import addresses
from tests.chromium import find_chromium
from tests.conftest import FLAGS

ROUNDS = 5
SITE = f"http://127.0.0.1:{PORT}"
PAINTED = """() => new Promise(done => new PerformanceObserver(
  list => done(list.getEntries().at(-1).startTime)
).observe({type: "largest-contentful-paint", buffered: true}))"""


def run() -> None:
    chromium = find_chromium()
    if not chromium:
        print("\nno chromium: no page is painted")
        return
    # Before the browser: its loop and Django's database do not go together.
    pages = addresses()
    print(f"\n{'page':<28}{'LCP ms':>8}{'kB':>8}{'cold kB':>9}")
    with server(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for name, (person, address) in pages.items():
            cold, warm, painted = paint(signed_in(browser, person), address)
            print(f"{name:<28}{painted:>8.0f}{warm:>8.1f}{cold:>9.1f}")
        browser.close()


def signed_in(browser: Browser, person: str) -> BrowserContext:
    """A browser of its own for somebody of the demo, with an empty cache."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{SITE}/accounts/login/")
    page.fill("[name=login]", f"{person}@demo.example")
    page.fill("[name=password]", settings.DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()
    state = context.storage_state()
    context.close()
    return browser.new_context(storage_state=state)


def paint(context: BrowserContext, address: str) -> tuple[float, float, float]:
    """kB of the first load, and the medians of kB and LCP in ms of the next ones."""
    page = context.new_page()
    network = context.new_cdp_session(page)
    network.send("Network.enable")
    sizes: list[float] = []
    network.on(
        "Network.loadingFinished",
        lambda event: sizes.append(event["encodedDataLength"] / 1000),
    )
    loads = []
    for _ in range(ROUNDS + 1):
        sizes.clear()
        page.goto(SITE + address, wait_until="networkidle")
        loads.append((sum(sizes), float(page.evaluate(PAINTED))))
    context.close()
    (cold, _), *again = loads
    return cold, median(size for size, _ in again), median(ms for _, ms in again)
