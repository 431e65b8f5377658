"""What numbers are called: the keys of cells in the words of the tables, for readers and for publishers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tenants.calendar.rules import parse_term
from tenants.insights.disclosure.catalogue import CatalogueTable
from tenants.insights.disclosure.engine.types import Protected
from tenants.insights.disclosure.gather import ALL
from tenants.insights.disclosure.system import AREA, Layout, audience_key, coverage_of

# The first state against the rest, then the rest one by one; by the ends of the categories' keys.
PART_TITLES = {
    "state": {"green": "Green", "rest": "Not green", "amber": "Amber", "red": "Red", "not_answered": "Not answered"},
    "post": {
        "filled": "Filled",
        "rest": "Not filled for long",
        "lapsing": "Training about to lapse",
        "untrained": "Training missing or expired",
        "vacant": "Vacant",
    },
    "overdue": {"none": "None", "rest": "Some", "few": "1 to 5", "many": "6 or more"},
    "review": {
        "within": "Within a year",
        "rest": "Not within a year",
        "over": "Over a year ago",
        "none": "None recorded",
    },
    "band": {
        "all": "All staff",
        "rest": "Not all staff",
        "most": "90% or more",
        "half": "50% to 89%",
        "fewer": "Under 50%",
    },
}
_TOTALS = {"phase": "All phases", "kind": "All types of school", "concern": "All types of concern"}
_ORDER = ("time", "concern", *PART_TITLES, "phase", "kind", AREA)
_MANY = 3  # courses and documents named where the same staff are asked for more


class Titles:
    """The words of a release's tables for its subjects and classes."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._titles = layout.figures.titles

    def subject(self, name: str) -> str:
        """A section, role, course or document, as a row is headed; `name` as in a measure's key."""
        kind, _, key = name.partition(":")
        if kind == "timeliness":
            return "Past their date and not done"
        if kind == "filtering-reviews":
            return "Last review of filtering and monitoring"
        return self._titles[f"post:{key}"] if kind == "posts" else self._titles[key or kind]

    def category(self, dimension: str, category: str) -> str:
        """A class of a classification, as a row or column is headed."""
        if dimension in PART_TITLES:
            return PART_TITLES[dimension][category.removeprefix(f"{dimension}-")]
        if dimension == "time":
            terms = {each.term for each in self._layout.year}
            return parse_term(category).title if category in terms else "Year so far"
        if category == ALL:
            return _TOTALS[dimension]
        return self._titles.get(category) or self._titles[f"concern:{category.removeprefix('type-')}"]


@dataclass(frozen=True)
class Named:
    """A number in words. `shown_in` are the tables that give it, by title; `what` says what it is when none does."""

    words: str
    shown_in: tuple[str, ...] = ()
    what: str = ""


REST = "What is left of a whole of which a share is given"
DIFFERENCE = "The difference of two numbers that are given"
PART = "A part of numbers that are given"
ELSEWHERE = "A number of another release, with which this one can be put together"


class NumberNames:
    """The words for every cell of the system of a release, also for those that no table shows.

    `areas` are the names of authorities by code.
    """

    def __init__(
        self, layout: Layout, tables: Sequence[CatalogueTable], done: Protected, areas: Mapping[str, str]
    ) -> None:
        self._layout, self._areas, self._titles = layout, areas, Titles(layout)
        self._shown_in: dict[str, dict[str, None]] = {}
        titles = {table.key: table.title for table in tables}
        for result in done.tables:
            for key in (*result.cells.values(), *result.wholes.values()):
                self._shown_in.setdefault(key, {})[titles[result.key.partition(":")[0]]] = None
        self._by_measure: dict[str, str] = {}
        for each in layout.tables:
            self._by_measure.setdefault(_measure(each.measure), titles[each.key.partition(":")[0]])
        self._rests = {f"{share.whole}-{share.part}": share for share in layout.shares}
        self._differences = {each.key.partition("|")[0]: each for each in layout.differences}

    def of(self, key: str) -> Named:
        """The words of a cell. What this release has no words for, such as another's course, keeps its key."""
        name, *rest = key.split("|")
        at = dict(each.split("=", 1) for each in rest)
        shown_in = tuple(self._shown_in.get(key, ()))
        try:
            what = "" if shown_in else self._what(name, at)
            words = [self._subject(name, shown_in), *self._classes(at)]
        except (KeyError, ValueError):
            return Named(key, shown_in, ELSEWHERE)
        return Named(" – ".join(filter(None, words)), shown_in, what)

    def _what(self, name: str, at: Mapping[str, str]) -> str:
        if at.get(AREA, self._layout.area.total) != self._layout.area.total:
            return ELSEWHERE
        if name in self._rests:
            return REST
        return DIFFERENCE if name in self._differences else PART

    def _subject(self, name: str, shown_in: Sequence[str]) -> str:
        """The table's title, the period, and what of the table's subject the number is."""
        if name in self._rests:
            table, _, subject = self._rests[name].key.partition(":")
            without = "do not have it" if table.startswith("training") else "did not confirm it"
            return f"{self._titles.subject(subject)}: staff who are asked for it and {without}, {self._term(name)}"
        if name in self._differences:
            difference = self._differences[name]
            wide, narrow = _measure(difference.whole), _measure(difference.less[0])
            return (
                f"Staff who are asked for {self._asked(wide)}, less those for {self._asked(narrow)}, {self._term(name)}"
            )
        kind, _, key = _measure(name).partition(":")
        if kind == "staff":
            return f"Staff who are asked for {self._asked(_measure(name))}, {self._term(name)}"
        if kind in {"training", "reading"}:
            have = "staff who have it" if kind == "training" else "staff who confirmed it"
            return f"{self._titles.subject(key)}: {have}, {self._term(name)}"
        title = shown_in[0] if shown_in else self._by_measure[_measure(name)]
        return f"{title}, {self._term(name)}" + (
            "" if kind == "referrals" else f" – {self._titles.subject(_measure(name))}"
        )

    def _asked(self, audience: str) -> str:
        """The courses and documents for which the same staff are asked."""
        figures = self._layout.figures
        found = [
            self._titles.subject(key)
            for subject in ("training", "reading")
            for key in coverage_of(figures, subject)
            if audience_key(figures, key) == audience
        ]
        if not found:
            raise KeyError(audience)
        named, others = found[:_MANY], len(found) - _MANY
        return ", ".join(named) + (f" and {others} more" if others > 0 else "")

    def _term(self, name: str) -> str:
        """The academic year for referrals, the term for everything else."""
        period = name.rpartition("@")[2]
        first, _, second = period.partition("-")
        return f"{first}/{second}" if second.isdigit() else _lower(parse_term(period).title)

    def _classes(self, at: Mapping[str, str]) -> Iterable[str]:
        for dimension in sorted(at, key=_ORDER.index):
            category = at[dimension]
            if dimension == AREA:
                if category != self._layout.area.total:
                    yield self._areas.get(category, "a group of authorities")
            elif dimension == "time" and " to " in category and category != self._layout.time.total:
                yield f"year until the {_lower(parse_term(category.rpartition(' to ')[2]).title)}"
            else:
                yield self._titles.category(dimension, category)


def _measure(name: str) -> str:
    """The measure's name without its period."""
    return name.partition("|")[0].partition("@")[0]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
