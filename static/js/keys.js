// Single keys. Each has a visible control, which says it itself:
//   data-key="r"   the key presses this link or button, or focuses this input
//   data-row-key   so, of the row that has the focus
//   data-row       a link that j and k walk through; Enter opens it, as any link
// Ctrl/Cmd-Enter sends the form that one is typing in.
// None else works while typing, and the switch in the keys dialog turns all of them off.
const TYPING = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

const off = () => {
  try {
    return localStorage.getItem("keys") === "off";
  } catch {
    return false;
  }
};

function press(key) {
  const row = document.activeElement.closest("li");
  const own = row?.querySelector(`[data-row-key="${CSS.escape(key)}"]`);
  if (own) {
    own.click();
    return true;
  }
  const control = [...document.querySelectorAll("[data-key]")].find(
    (element) => element.dataset.key === key && element.checkVisibility(),
  );
  if (!control) return false;
  if (control.matches("input")) control.select();
  else control.click();
  return true;
}

function walk(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  const here = rows.indexOf(document.activeElement);
  const next = rows[Math.max(0, here + step)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return Boolean(next);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    const form = event.target.closest(TYPING)?.form;
    if (form) {
      event.preventDefault();
      form.requestSubmit();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest(TYPING)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (off() || document.querySelector("dialog:modal, :popover-open")) return;
  const step = { j: 1, k: -1 }[event.key];
  if (step ? walk(step) : press(event.key)) event.preventDefault();
});

// Not bound to the switch: a page that comes back from history brings another one.
function showSwitch() {
  const keysSwitch = document.querySelector("[data-keys-switch]");
  if (keysSwitch) keysSwitch.checked = !off();
}

document.addEventListener("change", ({ target }) => {
  if (!target.matches("[data-keys-switch]")) return;
  try {
    localStorage.setItem("keys", target.checked ? "on" : "off");
  } catch {
    target.checked = true; // cannot be remembered, so it is not promised
  }
});
document.addEventListener("htmx:historyRestore", showSwitch);
showSwitch();
