// Keeps the page of a long job up to date: asks for its state until it is finished.

const FIRST_WAIT = 1000; // milliseconds
const LONGEST_WAIT = 10000;

export function followProgress(page) {
  for (const region of page.querySelectorAll("[data-progress-url]")) poll(region, FIRST_WAIT);
}

function poll(region, wait) {
  window.setTimeout(async () => {
    const state = await ask(region.dataset.progressUrl);
    if (state) show(region, state);
    if (!state?.finished) poll(region, Math.min(wait * 1.3, LONGEST_WAIT));
  }, wait);
}

// Nothing when the service cannot be reached just now; the next turn asks again.
async function ask(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

function show(region, state) {
  const bar = region.querySelector("progress");
  if (bar && state.total) {
    bar.max = state.total;
    bar.value = state.done;
    bar.textContent = `${Math.floor((100 * state.done) / state.total)}%`;
  }
  say(region, "[data-progress-status]", state.state_text);
  say(region, "[data-progress-count]", state.total ? `${state.done} of ${state.total}` : "");
  say(region, "[data-progress-message]", state.message ?? "");
  if (!state.finished) return;
  if (state.next_url && sameOrigin(state.next_url)) window.location.assign(state.next_url);
  else window.location.reload();
}

function sameOrigin(url) {
  return new URL(url, window.location.href).origin === window.location.origin;
}

// Said again only when it changed, so that a screen reader does not repeat itself.
function say(region, selector, text) {
  const place = region.querySelector(selector);
  if (place && place.textContent !== text) place.textContent = text;
}
