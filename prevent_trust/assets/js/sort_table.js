// Lets readers sort tables marked data-sortable by any of their columns.

const ORDERS = { ascending: 1, descending: -1 };
const words = new Intl.Collator("en-GB", { numeric: true, sensitivity: "base" });

export function makeTablesSortable(page) {
  for (const table of page.querySelectorAll("table[data-sortable]")) {
    const body = table.tBodies[0];
    if (!body || body.rows.length < 2) continue;
    const status = announcer(table);
    for (const header of table.tHead.querySelectorAll("th[data-sort]")) {
      header.replaceChildren(sortButton(header, () => sort(table, header, status)));
    }
  }
}

function announcer(table) {
  const status = document.createElement("div");
  status.className = "govuk-visually-hidden";
  status.setAttribute("role", "status");
  const region = table.closest(".pt-table-scroll") ?? table;
  region.after(status);
  return status;
}

function sortButton(header, onClick) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "pt-sort";
  button.append(...header.childNodes);
  button.addEventListener("click", onClick);
  return button;
}

function sort(table, header, status) {
  const order = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const column = header.cellIndex;
  const numeric = header.dataset.sort === "number";
  const body = table.tBodies[0];
  const rows = Array.from(body.rows, (row) => ({ row, value: valueOf(row.cells[column], numeric) }));
  rows.sort((a, b) => compare(a.value, b.value, ORDERS[order]));
  body.append(...rows.map(({ row }) => row));
  for (const other of table.tHead.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", order);
  status.textContent = `Sorted by ${header.textContent.trim()}, ${order}`;
}

function valueOf(cell, numeric) {
  const given = cell?.dataset.sortValue ?? cell?.textContent.trim() ?? "";
  if (!numeric) return given === "" ? null : given;
  const number = Number.parseFloat(given.replaceAll(",", ""));
  return Number.isNaN(number) ? null : number;
}

// Cells with nothing to compare stand last, whichever way the rest is sorted.
function compare(a, b, order) {
  if (a === null || b === null) return (a === null) - (b === null);
  return order * (typeof a === "number" ? a - b : words.compare(a, b));
}
