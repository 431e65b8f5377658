// Loaded at the start of the body, so that styles for pages with scripts hold before anything is drawn.
// The second class is what GOV.UK Frontend looks for before it starts.
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("js-enabled", "govuk-frontend-supported");
}
