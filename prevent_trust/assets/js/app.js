import { initAll } from "asset:govuk-frontend.js";
import { drawCharts } from "asset:charts.js";
import { editInPlace } from "asset:edit_in_place.js";
import { followProgress } from "asset:progress.js";
import { makeTablesSortable } from "asset:sort_table.js";
import { countTicks } from "asset:ticks.js";

initAll();
makeTablesSortable(document);
editInPlace(document);
countTicks(document);
followProgress(document);
drawCharts(document);
