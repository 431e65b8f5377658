"""Writes the protector's result as tables of text. Of a hidden cell nothing comes in, so nothing can come out."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date

from tenants.insights.disclosure.catalogue import CatalogueTable
from tenants.insights.disclosure.engine.types import Dimension, Protected, TableResult
from tenants.insights.disclosure.engine.types import Symbol as EngineSymbol
from tenants.insights.disclosure.gather import ALL
from tenants.insights.disclosure.naming import PART_TITLES, Titles
from tenants.insights.disclosure.system import Layout
from tenants.insights.disclosure.types import HIDDEN, ProtectedCell, ProtectedRow, ProtectedTable
from tenants.insights.disclosure.writing import (
    NO_RETURN,
    STRUCTURAL_ZERO,
    count_cell,
    percent_cell,
    rate_cell,
)

_WITHHELD = "This table is withheld: {}"
_TOO_SPARSE = "too much of it would be hidden."
_MANY = "too many of their numbers would be hidden, or there are too many to be protected together"
_COARSER = {
    "concern": f"Single types of concern are not given: {_MANY}.",
    "phase": f"Phases are not given: {_MANY}.",
    "kind": f"Types of school are not given: {_MANY}.",
}


class Writer:
    """Writes the tables of one release. `done` is none when there are too few schools for anything to be shown."""

    def __init__(self, layout: Layout, done: Protected) -> None:
        self.layout, self.done, self.titles = layout, done, Titles(layout)
        self.results = {table.key: table for table in done.tables}
        day = date.fromisoformat(layout.figures.as_at)
        self.as_at = f"as at {day.day} {day:%B %Y}"

    def table(self, entry: CatalogueTable) -> ProtectedTable | None:
        """The entry's table; none when its classification tells nothing apart or there is nothing to count."""
        write: dict[str, Callable[[CatalogueTable], ProtectedTable | None]] = {
            "taking-part": self._taking_part,
            "sections": lambda table: self._distributions(table, "state", "Section of the plan"),
            "posts": lambda table: self._distributions(table, "post", "Role"),
            "timeliness": lambda table: self._distributions(table, "overdue", "Actions"),
            "filtering-reviews": lambda table: self._distributions(table, "review", "Review"),
            "training-bands": lambda table: self._distributions(table, "band", "Course"),
            "reading-bands": lambda table: self._distributions(table, "band", "Document"),
            "training": self._coverage,
            "reading": self._coverage,
            "referrals": self._referrals,
            "referral-rates": self._rates,
        }
        return write[entry.subject](entry)

    def _made(
        self,
        entry: CatalogueTable,
        columns: Sequence[str],
        rows: Sequence[ProtectedRow],
        results: Sequence[TableResult],
    ) -> ProtectedTable | None:
        if not results:
            return None
        why = sorted({_lower(each.withheld) for each in results if each.withheld}) or [_TOO_SPARSE]
        given = [each for each in results if self._is_given(each)]
        coarser = sorted({name for each in given for name in each.collapsed if name in _COARSER})
        some = f"Some lines are left out: {_TOO_SPARSE}" if rows and len(given) < len(results) else ""
        note = " ".join(filter(None, (*(_COARSER[name] for name in coarser), some)))
        withheld = "" if rows else _WITHHELD.format(why[0])
        caption = f"{entry.caption}, {self.as_at}"
        return ProtectedTable(entry.key, entry.title, caption, tuple(columns), tuple(rows), withheld, note)

    def _is_given(self, result: TableResult) -> bool:
        """Whether anything is left of a result: of schools by state more than how many there are."""
        return bool(result.cells) and all(result.levels.get(part, 1) for part in PART_TITLES)

    def _cell(self, key: str) -> ProtectedCell:
        found = self.done.cells[key]
        if found.symbol is EngineSymbol.STRUCTURAL_ZERO:
            return STRUCTURAL_ZERO
        return count_cell(found.shown)

    def _results_of(self, entry: CatalogueTable) -> list[tuple[str, TableResult]]:
        """The tables and shares that make up the entry's, with the part of the key after the entry's own."""
        start = f"{entry.key}:"
        found = [(key.removeprefix(start), each) for key, each in self.results.items() if key.startswith(start)]
        return found or [(key, each) for key, each in self.results.items() if key == entry.key]

    def _dimension(self, key: str) -> Dimension:
        return {
            "phase": self.layout.phase,
            "kind": self.layout.kind,
            "concern": self.layout.concern,
            "time": self.layout.time,
        }[key]

    def _places(self, result: TableResult, dimensions: Sequence[str]) -> Iterator[tuple[str, ...]]:
        """The classes that a result has left, each group before what is in it, the total first."""
        if not result.cells:
            return
        if not dimensions:
            yield ()
            return
        there = {place[result.dimensions.index(dimensions[0])] for place in result.cells}
        for category in _downwards(self._dimension(dimensions[0])):
            if category in there:
                for rest in self._places(result, dimensions[1:]):
                    yield (category, *rest)

    def _heading(self, first: str, dimensions: Sequence[str], place: Sequence[str]) -> str:
        names = [self.titles.category(name, category) for name, category in zip(dimensions, place, strict=True)]
        return f"{first}: {', '.join(names)}" if first and names else first or ", ".join(names)

    def _distributions(self, entry: CatalogueTable, part: str, first: str) -> ProtectedTable | None:
        """Schools by state: a row for each section, role or course, and for each class of school."""
        results = self._results_of(entry)
        rows = []
        for name, result in results:
            by = [key for key in result.dimensions if key != part]
            for place in self._places(result, by) if self._is_given(result) else ():
                parts = [result.cells.get((f"{part}-{each}", *place)) for each in PART_TITLES[part]]
                states = (self._cell(key) if key else HIDDEN for key in parts)  # not told apart is hidden
                cells = (*states, self._cell(result.cells[(ALL, *place)]))
                rows.append(ProtectedRow(self._heading(self.titles.subject(name), by, place), cells))
        columns = (first, *PART_TITLES[part].values(), "Schools")
        return self._made(entry, columns, rows, [result for _, result in results])

    def _coverage(self, entry: CatalogueTable) -> ProtectedTable | None:
        words = {
            "training": ("Course", "Staff who need it", "Staff who have it", "Have it, of those who need it"),
            "reading": ("Document", "Staff who must read it", "Staff who confirmed it", "Confirmed, of those who must"),
        }[entry.subject]
        results, rows = self._results_of(entry), []
        for name, result in results:
            for place in self._places(result, result.dimensions):
                whole, part = result.wholes[place], result.cells[place]
                have, need = self.done.cells[part].shown, self.done.cells[whole].shown
                hidden = self.done.percent_is_hidden(result.key, place)
                cells = (self._cell(whole), self._cell(part), percent_cell(have, need, hidden=hidden))
                rows.append(ProtectedRow(self._heading(self.titles.subject(name), result.dimensions, place), cells))
        return self._made(entry, words, rows, [result for _, result in results])

    def _referrals(self, entry: CatalogueTable) -> ProtectedTable | None:
        """A row for each term and class, a column for each class of the last classification."""
        found = self._results_of(entry)
        if not found:
            return None
        result = found[0][1]
        *before, last = [key for key in result.dimensions if key != "time"] or [""]
        across = [place[0] for place in self._places(result, [last])] if last else []
        rows = []
        for place in self._places(result, ["time", *before]):
            at = dict(zip(("time", *before), place, strict=True))
            wanted = [at | {last: category} for category in across] or [at]
            keys = [result.cells[tuple(each[key] for key in result.dimensions)] for each in wanted]
            heading = self._heading(self.titles.category("time", at["time"]), before, place[1:])
            rows.append(ProtectedRow(heading, tuple(map(self._cell, keys))))
        columns = [self.titles.category(last, category) for category in across] or ["Referrals"]
        return self._made(entry, ("Term and type of concern" if before else "Term", *columns), rows, [result])

    def _rates(self, entry: CatalogueTable) -> ProtectedTable | None:
        found = self._results_of(entry)
        if not found:
            return None
        result, figures, rows = found[0][1], self.layout.figures, []
        pupils = Counter({ALL: sum(figures.pupils.values())})
        for school, count in figures.pupils.items():
            pupils[figures.classes[school]["phase"]] += count
        by = [key for key in result.dimensions if key != "time"]
        for place in self._places(result, by) if result.cells else ():
            at = dict(zip(by, place, strict=True)) | {"time": self.layout.time.total}
            key = result.cells[tuple(at[name] for name in result.dimensions)]
            on_roll = pupils[at.get("phase", ALL)]
            shown = self.done.cells[key].shown
            cells = (self._cell(key), count_cell(on_roll), rate_cell(shown, on_roll))
            rows.append(ProtectedRow(self._heading("", by, place) or self.titles.category("phase", ALL), cells))
        columns = ("Phase", "Referrals", "Pupils on roll", "Per 1,000 pupils")
        return self._made(entry, columns, rows, [result])

    def _taking_part(self, entry: CatalogueTable) -> ProtectedTable | None:
        figures = self.layout.figures
        taking = Counter(classes["phase"] for classes in figures.classes.values())
        rows = []
        for key in (ALL, *self.layout.phase.children[ALL]):
            there = sum(figures.open_schools.values()) if key == ALL else figures.open_schools.get(key, 0)
            part = len(figures.classes) if key == ALL else taking[key]
            cells = (count_cell(there), count_cell(part) if part else NO_RETURN, percent_cell(part, there))
            rows.append(ProtectedRow(self.titles.category("phase", key), cells))
        columns = ("Phase", "Schools open", "Schools in this release", "Have taken part")
        caption = f"{entry.caption}, {self.as_at}"
        return ProtectedTable(entry.key, entry.title, caption, columns, tuple(rows))


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _downwards(dimension: Dimension) -> Iterator[str]:
    def below(category: str) -> Iterator[str]:
        yield category
        for child in dimension.children.get(category, ()):
            yield from below(child)

    return below(dimension.total)
