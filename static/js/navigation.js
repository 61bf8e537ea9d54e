// Links and forms inside a tenant change <main> alone (hx-boost in base.html). What a
// browser does for a page that it loads is done here: focus, waiting, failing, history.
//   <a download>, <a target="_blank">   left to the browser
//   data-quiet                          asks on its own: its failures disturb nobody
const main = () => document.getElementById("content");

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

// An answer without our request id is a proxy's, or nobody's.
function showUnreachable({ detail }) {
  if (detail.elt.closest("[data-quiet]")) return;
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
