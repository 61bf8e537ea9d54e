// <button data-copy="text">: puts the text on the clipboard and says so. Without a
// text it is the <pre> of the button's figure.
const SHOWN_MS = 1500;

async function copy(button) {
  const liveRegion = document.getElementById("live-region");
  try {
    const shown = () => button.closest("figure").querySelector("pre").textContent;
    await navigator.clipboard.writeText(button.dataset.copy || shown());
  } catch {
    // No clipboard without https, or the browser was told to refuse.
    liveRegion.textContent = "Not copied: the browser does not allow it here.";
    return;
  }
  liveRegion.textContent = "Copied.";
  button.dataset.copied = "";
  setTimeout(() => {
    delete button.dataset.copied;
    liveRegion.textContent = "";
  }, SHOWN_MS);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
  // <button data-print>: the browser's own dialog, with print.css.
  if (event.target.closest("[data-print]")) window.print();
});
