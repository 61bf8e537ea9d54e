// A page whose session ended goes on after sign-in in another tab, without a reload:
// it takes the new CSRF token, if it is still the same person who is signed in.
//   #problem[data-session]   "ended", "stale" (an old token), "other" (somebody else)
//                            or "unproven", which sending the form again mends
const headers = () => JSON.parse(document.body.getAttribute("hx-headers"));
let asking = false;

async function ask() {
  const answer = await fetch(document.body.dataset.sessionUrl, {
    redirect: "manual",
    credentials: "same-origin",
  });
  return answer.ok ? answer.json() : null;
}

function take(token) {
  document.body.setAttribute("hx-headers", JSON.stringify({ ...headers(), "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) {
    field.value = token;
  }
}

function say(problem, title, words, state) {
  problem.querySelector("h2").textContent = title;
  problem.querySelector("p").textContent = words;
  problem.querySelector(".actions").hidden = state === "mended";
  const link = problem.querySelector(".actions a");
  link.textContent = "Load the page again";
  link.href = location.href;
  link.removeAttribute("target");
  problem.dataset.session = state;
}

async function mend() {
  const problem = document.querySelector(
    "#problem[data-session=ended], #problem[data-session=stale]",
  );
  if (!problem || asking) return;
  asking = true;
  try {
    const now = await ask();
    if (!now) return;
    if (now.person === headers()["X-Person"]) {
      take(now.token);
      say(
        problem,
        "You are signed in again",
        "Nothing was changed, and what you typed is still here. Send it once more.",
        "mended",
      );
    } else {
      say(
        problem,
        "Somebody else is signed in now",
        "Nothing was changed. This page was made for another person: copy what you typed, then load the page again.",
        "other",
      );
    }
  } catch {
    // No network: the next focus asks again.
  } finally {
    asking = false;
  }
}

window.addEventListener("focus", mend);
document.addEventListener("visibilitychange", () => document.hidden || mend());
document.addEventListener("htmx:afterSettle", mend);

// An open page that looks again keeps no session: nobody has asked.
document.addEventListener("htmx:configRequest", ({ detail: { elt, headers, triggeringEvent } }) => {
  if (!triggeringEvent && /load|every/.test(elt.getAttribute("hx-trigger"))) {
    headers["X-By-Itself"] = "1";
  }
});
