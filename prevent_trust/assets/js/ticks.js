// Says how many lines of a list are ticked, beside what is done with them, and ticks or unticks all that are shown.
// Without this script the boxes and the form work as they are.

export function countTicks(page) {
  for (const tool of page.querySelectorAll("[data-ticks]")) {
    const form = document.getElementById(tool.dataset.ticks);
    const boxes = () => [...form.elements].filter((each) => each.type === "checkbox" && each.name === tool.dataset.ticksName);
    const count = tool.querySelector("[data-ticks-count]");
    const all = tool.querySelector("[data-ticks-all]");
    const show = () => {
      const every = boxes();
      const ticked = every.filter((each) => each.checked).length;
      count.textContent = ticked ? `: ${ticked} ticked` : "";
      all.textContent = ticked === every.length ? "Untick all" : `Tick all ${every.length} that are shown`;
    };
    all.hidden = false;
    all.addEventListener("click", () => {
      const every = boxes();
      const tick = every.some((each) => !each.checked);
      for (const each of every) each.checked = tick;
      show();
    });
    page.addEventListener("change", (event) => event.target.form === form && show());
    show();
  }
}
