// allauth's scripts ask the browser for a passkey; this says what came of it.
//   #passkey-problem  where it is said
const WORDS = {
  NotAllowedError: "No passkey was used: the browser was told to stop, or nobody answered it.",
  InvalidStateError: "This device has a passkey for your account already.",
  SecurityError: "Passkeys need https, and the address under which the console was set up.",
};

document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  const { name } = event.detail.exception;
  document.getElementById("passkey-problem").textContent =
    WORDS[name] ?? "The browser could not use a passkey. Try again, or sign in another way.";
});
