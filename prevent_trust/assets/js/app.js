import { initAll } from "asset:govuk-frontend.js";
import { drawCharts } from "asset:charts.js";
import { followProgress } from "asset:progress.js";
import { makeTablesSortable } from "asset:sort_table.js";

initAll();
makeTablesSortable(document);
followProgress(document);
drawCharts(document);
