// Links and forms inside a tenant change <main> alone (hx-boost in base.html). What a
// browser does for a page that it loads is done here: focus, waiting, failing, history.
//   <a download>, <a target="_blank">   left to the browser
//   data-quiet                          asks on its own: its failures disturb nobody
//   <a rel="next" hx-get="…">           more rows below these; `more` in the address counts
const main = () => document.getElementById("content");

// On a phone tabs can be wider than their bar. The page stays where it is: a part of it
// that loads later comes by here too.
function showCurrentWay() {
  for (const bar of document.querySelectorAll(".tabs")) {
    const current = bar.querySelector("[aria-current]")?.getBoundingClientRect();
    const { left, width } = bar.getBoundingClientRect();
    if (current) bar.scrollLeft += current.left + current.width / 2 - left - width / 2;
  }
}

document.addEventListener("htmx:load", showCurrentWay);
showCurrentWay();

// Before htmx's own listener, which stands on the link itself.
document.addEventListener(
  "click",
  (event) => {
    if (event.target.closest("a[download]")) event.stopImmediatePropagation();
  },
  true,
);

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (!detail.elt.closest("[data-quiet]")) main()?.setAttribute("aria-busy", "true");
});

document.addEventListener("htmx:afterRequest", () => {
  if (!document.querySelector(".htmx-request")) main()?.removeAttribute("aria-busy");
});

// As on a new page: the next Tab is the page's first, and its title is read out.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id !== "content" && detail.elt.id !== "content") return;
  const kept = document.activeElement;
  if (!kept || kept === document.body) main().focus({ preventScroll: true });
  document.getElementById("live-region").textContent = document.title;
});

// On a phone the form of a Recall fills the screen, and what came is below it.
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt.id !== "recall-run" || innerWidth >= 768) return;
  document
    .querySelector("#recall-run > .item-list, #recall-results > .run-facts")
    ?.scrollIntoView();
});

// An answer without our request id is a proxy's, or nobody's.
function showUnreachable({ detail }) {
  if (detail.elt.closest("[data-quiet], #palette")) return;
  const notice = document.getElementById("unreachable")?.content.cloneNode(true);
  const problem = document.getElementById("problem");
  if (!notice || !problem) return;
  problem.replaceWith(notice);
  document.getElementById("problem").scrollIntoView({ block: "nearest" });
}

document.addEventListener("htmx:sendError", showUnreachable);
document.addEventListener("htmx:timeout", showUnreachable);
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, elt } = event.detail;
  const quiet = elt.closest("[data-quiet]");
  if (quiet && xhr.status >= 400) {
    event.detail.shouldSwap = false;
    quiet.textContent = quiet.dataset.quiet;
  } else if (xhr.status >= 500 && !xhr.getResponseHeader("X-Request-ID")) {
    event.detail.shouldSwap = false;
    showUnreachable(event);
  }
});

// A page that is refused on the way back is asked for by the browser itself, which
// can be sent to sign-in. htmx notes addresses for a cache that is off.
document.addEventListener("htmx:historyCacheMissLoadError", () => location.reload());
for (const name of ["htmx:pushedIntoHistory", "htmx:replacedInHistory", "htmx:historyRestore"]) {
  document.addEventListener(name, () => {
    sessionStorage.removeItem("htmx-current-path-for-history");
  });
}

// Back and reload keep the place: as many rows, the same scroll and the same focus. Within
// one document places are kept by address; beyond it the browser's history keeps the last.
const places = new Map();
const address = () => location.pathname + location.search;
let isReturning = false;

function keepPlace() {
  if (isReturning) return;
  const focused = document.activeElement;
  places.set(address(), { top: scrollY, focus: focused?.id || focused?.getAttribute("href") });
}

const findMore = () => document.querySelector("a[rel=next][hx-get]");

async function returnTo({ top, focus } = {}) {
  isReturning = true;
  for (let left = new URLSearchParams(location.search).get("more"); left > 0; left--) {
    const link = findMore();
    if (!link) break;
    const [url, target] = ["hx-get", "hx-target"].map((name) => link.getAttribute(name));
    await htmx.ajax("GET", url, { source: link, target, swap: "outerHTML" });
  }
  const links = [...document.querySelectorAll("#content a[href]")];
  const kept =
    document.getElementById(focus) ?? links.find((link) => link.getAttribute("href") === focus);
  kept?.focus({ preventScroll: true });
  if (top !== undefined) scrollTo(0, top);
  isReturning = false;
}

document.addEventListener("htmx:afterRequest", ({ detail }) => {
  const isMore = detail.requestConfig.elt.matches("a[rel=next][hx-get]");
  if (!isMore || !detail.successful || isReturning) return;
  const url = new URL(location);
  url.searchParams.set("more", Number(url.searchParams.get("more")) + 1);
  history.replaceState(history.state, "", url);
});

for (const name of ["click", "scrollend", "focusin"])
  document.addEventListener(name, keepPlace, true);
// The address is the other page's already, while this one is still shown.
addEventListener("popstate", ({ state }) => {
  isReturning ||= Boolean(state?.htmx);
});
addEventListener("beforeunload", () => {
  history.replaceState({ ...history.state, place: places.get(address()) }, "");
});
document.addEventListener("htmx:historyRestore", () => returnTo(places.get(address())));
if (history.state?.place || findMore()) returnTo(history.state?.place);
