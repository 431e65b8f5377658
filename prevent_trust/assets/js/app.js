import { initAll } from "asset:govuk-frontend.js";
import { drawCharts } from "asset:charts.js";
import { editInPlace } from "asset:edit_in_place.js";
import { followProgress } from "asset:progress.js";
import { makeTablesSortable } from "asset:sort_table.js";

initAll();
makeTablesSortable(document);
editInPlace(document);
followProgress(document);
drawCharts(document);
