// What HTML does not do yet for dialogs and menus.
//   <button data-dialog="id">    opens that <dialog>
//   <details class="menu">       closes on Escape and on a click elsewhere
//   <input data-narrows="id">    hides the items of that list that do not hold what is typed
//   <a data-drawer="id">         shows its page in that <dialog class="drawer">, beside this
//                                one, whose address says so: ?recall=<the page's own query>
const open = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog).showModal();
  if (event.target.matches("dialog")) event.target.close(); // its backdrop
  for (const menu of open()) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

document.addEventListener("input", ({ target }) => {
  const list = document.getElementById(target.dataset.narrows);
  const typed = target.value.trim().toLowerCase();
  for (const item of list?.children ?? []) {
    item.hidden = !item.textContent.toLowerCase().includes(typed);
  }
});

const opener = () => document.querySelector("[data-drawer]");
const drawer = () => document.getElementById(opener()?.dataset.drawer);

function keepQuery(query) {
  const url = new URL(location);
  if (query === null) url.searchParams.delete("recall");
  else url.searchParams.set("recall", query);
  return url;
}

// What stands in the address is no more than a query of the link's own page.
function openDrawer(query) {
  const url = new URL(opener().href);
  for (const [name, value] of new URLSearchParams(query)) {
    if (!url.searchParams.has(name) || name === "mode") url.searchParams.set(name, value);
  }
  if (!drawer().open) drawer().show();
  history.replaceState(history.state, "", keepQuery(query));
  const target = drawer().lastElementChild;
  htmx.ajax("GET", url.pathname + url.search, { source: drawer(), target, swap: "innerHTML" });
}

// As on a boosted page: before htmx's own listener on the link.
document.addEventListener(
  "click",
  (event) => {
    if (!event.target.closest("[data-drawer]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (drawer().open) drawer().querySelector("[autofocus]")?.focus();
    else openDrawer("");
  },
  true,
);

document.addEventListener("keydown", (event) => {
  const isCovered = document.querySelector("dialog:modal, :popover-open");
  if (event.key === "Escape" && drawer()?.open && !isCovered) drawer().close();
});

document.addEventListener(
  "close",
  ({ target }) => {
    if (target !== drawer()) return;
    history.replaceState(history.state, "", keepQuery(null));
    opener().focus();
  },
  true,
);

// A run has an address of its own; beside the card it is the card's.
document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
  if (!detail.target.closest(".drawer")) return;
  const query = new URL(detail.history.path, location).search.slice(1);
  Object.assign(detail.history, { type: "replace", path: String(keepQuery(query)) });
});

function openAsked() {
  const query = new URLSearchParams(location.search).get("recall");
  if (query !== null && drawer() && !drawer().open) openDrawer(query);
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id === "content" || detail.elt.id === "content") openAsked();
});
document.addEventListener("htmx:historyRestore", openAsked);
openAsked();
