// Loaded early and plainly, so that no page is painted in the wrong theme first.
// Without a choice, or without JavaScript, the system decides.
// Tells the server the browser's time zone too, for those who have not set their own.
(() => {
  const root = document.documentElement;
  const themes = ["system", "light", "dark"];

  const remembered = () => {
    try {
      const theme = localStorage.getItem("theme");
      return themes.includes(theme) ? theme : "system";
    } catch {
      return "system"; // storage is blocked: the choice lasts as long as the page
    }
  };

  const apply = (theme) => {
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.ariaLabel = `Theme: ${theme}`;
      button.title = button.ariaLabel;
    }
  };

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the other way is not in every browser
  document.cookie = `zone=${zone}; Path=/; SameSite=Lax; Max-Age=31536000${secure}`;

  apply(remembered());
  document.addEventListener("DOMContentLoaded", () => apply(remembered()));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const now = root.dataset.theme ?? "system";
    const next = themes[(themes.indexOf(now) + 1) % themes.length];
    try {
      localStorage.setItem("theme", next);
    } catch {
      // Applied all the same.
    }
    apply(next);
  });
})();
