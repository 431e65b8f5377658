"""The master problem: the cheapest pattern that satisfies every cut found so far, relaxed or in whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import highspy
import numpy as np

from tenants.insights.disclosure.engine.attack import quiet_solver
from tenants.insights.disclosure.engine.cuts import Cut
from tenants.insights.disclosure.engine.system import Bools, Floats, NotSolved, System

# Measured on these masters: restarts and cuts in the tree cost more than they bring. No pattern is given to begin with:
# presolve of HiGHS 1.16 can take one for cheaper than it is, and then what it calls its optimum is not one.
_OPTIONS = {
    "mip_rel_gap": 0.0,
    "mip_allow_restart": False,
    "mip_allow_cut_separation_at_nodes": False,
    "mip_pscost_minreliable": 1,
}
_BY_CLOCK = {highspy.HighsModelStatus.kTimeLimit, highspy.HighsModelStatus.kInterrupt}
_ENDED_WELL = {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kObjectiveBound}
_NONE = {highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible}


@dataclass(frozen=True)
class Answer:
    """A pattern (0 to 1 for each cell), and what every pattern costs at least."""

    y: Floats
    bound: float


class Master:
    """Grows by cuts. The relaxation keeps its basis; whole numbers are looked for afresh each time."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._columns = np.flatnonzero(system.open)
        self._place = {int(cell): place for place, cell in enumerate(self._columns)}
        self._costs = system.weights[self._columns]
        self._given = float(system.weights[system.forced].sum())
        self._cuts: dict[tuple[tuple[int, ...], tuple[float, ...], float], Cut] = {}
        self._relaxed = quiet_solver()
        count = len(self._columns)
        if count:
            self._relaxed.addVars(count, np.zeros(count), np.ones(count))
            self._relaxed.changeColsCost(count, np.arange(count, dtype=np.int32), self._costs)

    @property
    def cuts(self) -> int:
        return len(self._cuts)

    def all(self) -> list[Cut]:
        """Those added so far."""
        return list(self._cuts.values())

    @property
    def is_integral(self) -> bool:
        """Whether every weight is a whole number, so that bounds may be rounded up."""
        return bool(np.all(self._costs == np.round(self._costs)))

    def add(self, cuts: Sequence[Cut]) -> int:
        """Adds those that are new; says how many were."""
        fresh = []
        for cut in cuts:
            key = (cut.cells, tuple(round(factor, 7) for factor in cut.factors), round(cut.bound, 7))
            if key not in self._cuts:
                self._cuts[key] = cut
                fresh.append(cut)
        if fresh:
            starts = np.cumsum([0, *(len(cut.cells) for cut in fresh)])
            indices = np.array([self._place[cell] for cut in fresh for cell in cut.cells], dtype=np.int32)
            factors = np.array([factor for cut in fresh for factor in cut.factors])
            bounds = np.array([cut.bound for cut in fresh])
            none = np.full(len(fresh), highspy.kHighsInf)
            self._relaxed.addRows(
                len(fresh), bounds, none, len(indices), starts[:-1].astype(np.int32), indices, factors
            )
        return len(fresh)

    def relaxed(self) -> Answer:
        """The optimum with parts of cells allowed. Raises NotSolved."""
        if not len(self._columns):
            return Answer(self._full(np.zeros(0)), self._given)
        self._relaxed.run()
        status = self._relaxed.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise NotSolved(self._relaxed.modelStatusToString(status))
        y = np.clip(np.array(self._relaxed.getSolution().col_value), 0.0, 1.0)
        return Answer(self._full(y), self._given + float(self._relaxed.getInfo().objective_function_value))

    def whole(self, seconds: float, best: Bools, slack: float, among: Bools | None = None) -> Answer:
        """The best whole pattern found within the seconds, to within a weight of `slack`; `best` where there is none.

        With `among` the best that hides only such cells; then its bound holds only for these.
        """
        count = len(self._columns)
        if not count:
            return Answer(self._full(np.zeros(0)), self._given)
        solver = quiet_solver()
        model = self._relaxed.getModel()
        model.lp_.integrality_ = [highspy.HighsVarType.kInteger] * count
        if among is not None:
            model.lp_.col_upper_ = among[self._columns].astype(np.float64)
        solver.passModel(model)
        for name, value in _OPTIONS.items():
            solver.setOptionValue(name, value)
        solver.setOptionValue("time_limit", max(0.5, seconds))
        solver.setOptionValue("mip_abs_gap", max(slack, 0.999 if self.is_integral else 1e-6))
        solver.run()
        status, info = solver.getModelStatus(), solver.getInfo()
        if among is not None and status in _NONE:  # a safe pattern may have cells that no best one has
            return Answer(best.astype(np.float64), self._given)
        if status not in _ENDED_WELL | _BY_CLOCK:
            raise NotSolved(solver.modelStatusToString(status))
        found = info.primal_solution_status == 2  # feasible
        y = np.round(np.array(solver.getSolution().col_value)) if found else best[self._columns]
        bound = info.mip_dual_bound
        if self.is_integral:
            bound = float(np.ceil(bound - 1e-6))
        return Answer(self._full(y.astype(np.float64)), self._given + bound)

    def _full(self, y: Floats) -> Floats:
        full = self._system.forced.astype(np.float64)
        full[self._columns] = y
        return full
