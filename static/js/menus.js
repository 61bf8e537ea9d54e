// What HTML does not do yet for dialogs and menus.
//   <button data-dialog="id">    opens that <dialog>
//   <details class="menu">       closes on Escape and on a click elsewhere
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
