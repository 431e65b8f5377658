// Lets a line of a list be changed where it stands: the form comes in its place, and the line comes back when it is saved.
// Without this script the same link shows the form within the whole list, and saving leads back to the line.

import { initAll } from "asset:govuk-frontend.js";

export function editInPlace(page) {
  page.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-edit-row]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    swap(link, () => fetch(link.dataset.editRow, { headers: { "X-In-Place": "1" }, credentials: "same-origin" }));
  });
  page.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-row-form]");
    if (!form) return;
    event.preventDefault();
    swap(form, () =>
      fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-In-Place": "1" },
        credentials: "same-origin",
      }),
    );
  });
}

// Puts what the service answers in the line's place. When it does not answer, the way without script is taken.
async function swap(trigger, ask) {
  const line = trigger.closest("[data-plan-row]");
  line.setAttribute("aria-busy", "true");
  const answer = await lineFrom(ask);
  if (!answer) {
    line.removeAttribute("aria-busy");
    withoutScript(trigger);
    return;
  }
  const { next, saved } = answer;
  line.replaceWith(next);
  initAll({ scope: next });
  (next.querySelector("[role=alert]") ? focusOn(next.querySelector("[role=alert]")) : focusOn(firstField(next)));
  if (saved && trigger.matches("form")) say("Saved.");
}

async function lineFrom(ask) {
  try {
    const response = await ask();
    if (!response.ok && response.status !== 409) return null;
    const content = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = content.querySelector("[data-plan-row]");
    return next && { next: document.importNode(next, true), saved: response.ok };
  } catch {
    return null;
  }
}

function withoutScript(trigger) {
  if (trigger.matches("form")) trigger.submit();
  else window.location.assign(trigger.href);
}

function firstField(line) {
  return line.querySelector("select, input:not([type=hidden]):not([type=checkbox])") ?? line.querySelector("a[data-edit-row]");
}

function focusOn(element) {
  if (!element.matches("a, button, input, select")) element.tabIndex = -1;
  element.focus();
}

function say(words) {
  let status = document.getElementById("edit-status");
  if (!status) {
    status = document.createElement("div");
    status.id = "edit-status";
    status.className = "govuk-visually-hidden";
    status.setAttribute("role", "status");
    document.body.append(status);
  }
  status.textContent = "";
  window.setTimeout(() => (status.textContent = words), 100);
}
