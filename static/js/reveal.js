// Masked values: the box that asks why, and the texts that an answer brings along.
//   .reveal-box            a popover: opened when it arrives, gone when it closes
//   <template data-shown>  in an answer's .reveal: the text for every element of that id
//   [data-again]           the same value once more, as `id` of its first place
//   [data-clear-until]     masked again at that moment, also after the computer slept
//   [data-whose]           on a page with two customers: what their ids begin with
const whose = (control) => control.closest("[data-whose]")?.dataset.whose ?? "";
const places = (id) => {
  const name = CSS.escape(id);
  return document.querySelectorAll(`[id="${name}"], [data-again="${name}"]`);
};

function openBox(box) {
  box.showPopover();
  box.addEventListener("toggle", (event) => {
    if (event.newState === "closed") box.remove();
  });
}

function putInPlace(control) {
  let found = null;
  for (const template of control.querySelectorAll("template[data-shown]")) {
    for (const place of places(whose(control) + template.dataset.shown)) {
      place.replaceChildren(template.content.cloneNode(true));
      found ??= place;
    }
    template.remove();
  }
  return found;
}

document.addEventListener("htmx:load", (event) => {
  const box = event.target.closest(".reveal-box");
  if (box && !box.matches(":popover-open")) openBox(box);
  const control = event.target.closest(".reveal");
  const moved = control && !box && putInPlace(control);
  if (!moved || control.dataset.acted !== "post") return;
  // The eye goes to what is new: the value, or the button that shows it again.
  const next = control.dataset.clearUntil ? moved : control.querySelector("a");
  if (next === moved) moved.tabIndex = -1;
  next.focus();
});

// A page that cannot reach the server at that moment must not go on showing it, nor
// the revisions of the same text, which come anew a moment later.
function cover(control) {
  const id = whose(control) + control.dataset.shows;
  for (const place of document.querySelectorAll(".shown, .revision-text")) {
    const name = place.id || (place.dataset.again ?? "");
    const rest = name.slice(id.length);
    if (name.startsWith(id) && /^(-\d+)?$/.test(rest)) {
      place.textContent = "•••";
    }
  }
  for (const part of document.querySelectorAll("[data-follows]")) {
    if (part.dataset.follows !== control.dataset.shows) continue;
    for (const place of part.querySelectorAll(".shown")) place.textContent = "•••";
  }
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const control = event.target.closest?.("[data-clear-until]");
  if (control) cover(control);
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const control of document.querySelectorAll("[data-clear-until]")) {
    const isOver = Date.parse(control.dataset.clearUntil) < Date.now();
    if (isOver) htmx.trigger(control, "expired");
  }
});
