// Draws the figures of a page. Each stands on the page as a table already; a chart that cannot be drawn leaves it open.

const PLOTLY = new URL("asset:plotly.js", import.meta.url);
const CONFIG = { displayModeBar: false, doubleClick: false, responsive: true, scrollZoom: false, showTips: false };
const HEIGHT = 420; // pixels, where the figure asks for none

export async function drawCharts(page) {
  const figures = [...page.querySelectorAll("[data-figure]")];
  if (figures.length === 0) return;
  for (const figure of figures) figure.querySelector("[data-chart]").hidden = false;
  try {
    await loadPlotly();
    for (const figure of figures) await draw(figure);
  } finally {
    for (const chart of page.querySelectorAll("[data-chart]:not([data-drawn])")) chart.hidden = true;
  }
  openTablesForPrint(figures);
}

function loadPlotly() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = PLOTLY.href;
    script.onload = resolve;
    script.onerror = () => reject(new Error("The chart library could not be loaded"));
    document.head.append(script);
  });
}

async function draw(figure) {
  const chart = figure.querySelector("[data-chart]");
  const { data, layout = {} } = JSON.parse(figure.querySelector("[data-chart-json]").textContent);
  const height = layout.height ?? HEIGHT;
  chart.style.minHeight = `${height}px`;
  await window.Plotly.newPlot(chart, data, { ...layout, ...look(chart, layout), height, autosize: true }, CONFIG);
  chart.dataset.drawn = "";
  figure.querySelector("details").open = false;
}

// The page's own type, whatever the figure was made with, and no dragging, which would catch a thumb that scrolls.
function look(chart, layout) {
  const page = getComputedStyle(chart);
  return {
    ...axes(layout),
    font: { size: 14, ...layout.font, family: page.fontFamily, color: page.color },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: layout.plot_bgcolor ?? "rgba(0,0,0,0)",
    dragmode: false,
  };
}

function axes(layout) {
  const names = new Set(["xaxis", "yaxis", ...Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name))]);
  const still = { automargin: true, fixedrange: true, ticklabelstandoff: 6 };
  return Object.fromEntries([...names].map((name) => [name, { ...still, ...layout[name] }]));
}

function openTablesForPrint(figures) {
  const closed = new Set();
  window.addEventListener("beforeprint", () => {
    for (const figure of figures) {
      const details = figure.querySelector("details");
      if (!details.open) closed.add(details);
      details.open = true;
    }
  });
  window.addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    closed.clear();
  });
}
