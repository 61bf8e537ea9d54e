// One dialog that leads to a customer, a page or a tenant (templates/find/_palette.html).
//   data-palette         opens it, as Ctrl/Cmd-K does   data-palette-close   closes it
//   [role=option]        a link, which is followed, or a button:
//     data-fill="phone:"   is typed for the person      data-find            sends the form
//     data-href=".../-profile-/..."                     of the profile that is open
//   data-recents="acme"  on a page: the customers of that tenant that were opened last
// What is typed is sent in a body, by Enter or, of words that are no page's name, after a pause:
// each time is a lookup, which is counted and logged. Opened profiles are kept in
// this browser as ids, for a day at most; signing out clears them.
const PROFILE = /\/t\/([a-z0-9-]+)\/profiles\/(mem_profile_[0-9a-z]{26})\//;
// What is surely whom to look for, and no page's or tenant's name.
const IDENTITY = /[:@]|^\+?\d[\d\s().-]{4,}$|^(mem_profile_)?[0-7][0-9a-z]{25}$/i;
const RECENT = 8;
const KEPT_MS = 24 * 60 * 60 * 1000;

const TYPED_MIN = 3;
const PAUSE_MS = 600;
const LOOKING = "Looking …";

const byId = (id) => document.getElementById(id);
const palette = () => byId("palette");
const input = () => byId("palette-input");
const here = () => location.pathname.match(PROFILE);
const options = () => [...palette().querySelectorAll("[role=option]")];
const shown = () => options().filter((option) => option.checkVisibility());
const chosen = () => palette().querySelector("[aria-selected=true]");

const person = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-Person"];
const place = (tenant) => `recent:${person()}:${tenant}`;

function recents(tenant) {
  try {
    const kept = JSON.parse(localStorage.getItem(place(tenant)) ?? "[]");
    return kept.filter(({ at }) => Date.now() - at < KEPT_MS);
  } catch {
    return []; // storage is blocked, or somebody else wrote there
  }
}

function remember() {
  const [path, tenant, id] = here() ?? [];
  if (!id || !location.pathname.endsWith(path) || !palette()) return;
  if (document.querySelector(".problem-page")) return;
  const others = recents(tenant).filter((profile) => profile.id !== id);
  const now = [{ id, at: Date.now() }, ...others].slice(0, RECENT);
  try {
    localStorage.setItem(place(tenant), JSON.stringify(now));
  } catch {
    // Storage is blocked: the palette works without.
  }
}

function age(at) {
  const minutes = Math.floor((Date.now() - at) / 60000);
  if (minutes < 1) return "now";
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h`;
}

function recentLink(href, { id, at }, number) {
  const link = document.createElement("a");
  link.id = `palette-recent-${number}`;
  link.role = "option";
  link.tabIndex = -1;
  link.ariaSelected = "false";
  link.href = href.replace("-profile-", id);
  link.setAttribute("hx-boost", "true");
  const code = document.createElement("code");
  code.textContent = `${id.slice(0, 16)}…${id.slice(-4)}`;
  const when = document.createElement("span");
  when.className = "meta";
  when.textContent = age(at);
  link.append(code, when);
  return link;
}

function offerRecents() {
  const group = byId("palette-recent");
  const { tenant, href } = group.dataset;
  const others = recents(tenant).filter(({ id }) => id !== here()?.[2]);
  group.replaceChildren(...others.map((profile, n) => recentLink(href, profile, n)));
  htmx.process(group);
}

function offerOnPage() {
  for (const place of document.querySelectorAll("[data-recents]")) {
    const ids = recents(place.dataset.recents).map(({ id }) => `id=${id}`);
    const names = `${place.dataset.href}?${ids.join("&")}`;
    htmx.ajax("GET", names, { source: place, target: place, swap: "innerHTML" });
  }
}

function offerProfilePages() {
  const group = palette().querySelector("[data-of-profile]");
  const id = here()?.[2];
  if (!group) return;
  group.dataset.ofProfile = id ?? "";
  for (const link of group.children) {
    link.setAttribute("href", link.dataset.href.replace("-profile-", id ?? ""));
    // htmx reads the address once, when it boosts a link.
    link.replaceWith(link.cloneNode(true));
  }
  htmx.process(group);
}

function choose(option) {
  chosen()?.setAttribute("aria-selected", "false");
  option?.setAttribute("aria-selected", "true");
  option?.scrollIntoView({ block: "nearest" });
  if (option) input().setAttribute("aria-activedescendant", option.id);
  else input().removeAttribute("aria-activedescendant");
}

function filter() {
  const typed = input().value.trim().toLowerCase();
  const isIdentity = IDENTITY.test(typed);
  for (const option of options()) {
    if (option.closest("#palette-found")) continue;
    option.hidden = option.matches("[data-find]")
      ? !typed
      : isIdentity || !option.textContent.toLowerCase().includes(typed);
  }
  for (const group of palette().querySelectorAll("[role=group]")) {
    const off = group.dataset.ofProfile === "";
    group.hidden = off || !group.querySelector("[role=option]:not([hidden])");
  }
  const starts = (option) => option.textContent.trim().toLowerCase().startsWith(typed);
  choose(shown().find(starts) ?? shown()[0]);
}

let pause;
let lookedFor = "";

function drop() {
  clearTimeout(pause);
  byId("palette-found")?.replaceChildren();
}

// Once nothing else is offered for it. Half an identifier finds nobody: that is for Enter.
function suggest() {
  const typed = input().value.trim();
  if (IDENTITY.test(typed.toLowerCase())) return;
  const others = shown().some((option) => !option.matches("[data-find]"));
  if (!byId("palette-found") || others || typed.length < TYPED_MIN) return;
  pause = setTimeout(() => {
    lookedFor = typed;
    if (palette().open) htmx.trigger("#palette-found", "look");
  }, PAUSE_MS);
}

function open() {
  if (!palette() || palette().open) return;
  document.querySelector("dialog[open]")?.close();
  input().value = "";
  drop();
  say("");
  palette().showModal();
  input().focus();
  offerRecents();
  offerProfilePages();
  if (!byId("palette-suggestions").childElementCount) {
    say(LOOKING);
    htmx.trigger("#palette-suggestions", "suggest");
  }
  filter();
}

function say(words) {
  byId("palette-message").textContent = words;
}

function walk(step) {
  const all = shown();
  const next = (all.indexOf(chosen()) + step + all.length) % all.length;
  choose(all[next]);
}

function fill(option) {
  input().value = option.dataset.fill;
  input().focus();
  filter();
}

// Nobody was found: what is left to do stands in the message, and Enter does that.
function giveUp() {
  palette().querySelector("[data-find]").hidden = true;
  choose();
}

function take() {
  clearTimeout(pause);
  const option = chosen() ?? byId("palette-message").querySelector("button");
  if (option?.matches("[data-find]")) byId("palette-form").requestSubmit();
  else option?.click();
}

document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-palette]")) open();
  if (target.closest("[data-palette-close], #palette a")) palette().close();
  const option = target.closest("[data-fill]");
  if (option) fill(option);
});

document.addEventListener("input", ({ target }) => {
  if (target !== input()) return;
  say("");
  drop();
  filter();
  suggest();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
  }
  if (event.target !== input() || event.isComposing) return;
  const option = chosen();
  if (event.key === "ArrowDown") walk(1);
  else if (event.key === "ArrowUp") walk(-1);
  else if (event.key === "Enter") take();
  else if (event.key === "Tab" && !event.shiftKey && option?.dataset.fill) fill(option);
  else return;
  event.preventDefault();
});

// Nothing is sent that nobody typed.
document.addEventListener(
  "submit",
  (event) => {
    if (!event.target.matches("#palette-form")) return;
    if (input().value.trim()) return say(LOOKING);
    event.preventDefault();
    event.stopImmediatePropagation();
  },
  true,
);

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    if (detail.elt.closest("#palette")) say("The console did not answer. Try again.");
  });
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target?.id === "palette-suggestions") {
    if (byId("palette-message").textContent === LOOKING) say("");
    offerProfilePages();
    filter();
  } else if (detail.target?.id === "palette-found") {
    if (lookedFor !== input().value.trim()) drop();
    filter();
  } else if (detail.target?.id === "palette-message") {
    giveUp();
  } else if (detail.target?.id === "content" || detail.elt.id === "content") {
    palette()?.close();
    remember();
    offerOnPage();
  }
});
for (const show of [remember, offerOnPage]) {
  document.addEventListener("htmx:historyRestore", show);
  show();
}
