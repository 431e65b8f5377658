"""Lays a release out for the protector: measures with their atoms, and the tables that are views of them.

Stocks carry their term in the measure's key, since next term's are other numbers. Referrals are added up over the academic
year, so the terms that are out already are among the cells of the next release, frozen as they were. Every cell says whose
area it is about, so that the releases of several authorities are cells of one system when their numbers are added up.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product

from tenants.calendar.rules import academic_year_name, parse_term
from tenants.insights.disclosure.catalogue import Catalogue, CatalogueTable, group_of
from tenants.insights.disclosure.engine.types import Atom, Difference, Dimension, Measure, Share, Table
from tenants.insights.disclosure.gather import ALL, KINDS, Figures
from tenants.insights.disclosure.types import ReleaseRules

STATES = ("green", "amber", "red", "not_answered")
POST_STATES = ("filled", "lapsing", "untrained", "vacant")
OVERDUE_BANDS = ("none", "few", "many")
REVIEW_STATES = ("within", "over", "none")
BANDS = ("all", "most", "half", "fewer")  # everybody; 90 per cent or more; half or more; fewer
_PLACES = ("area", "phase", "kind")
AREA = "area"


class Layout:
    """What the protector gets of the figures of one term, with the earlier ones of the same academic year.

    `area` is an authority's code, or a group's key with `codes` of the authorities in it: then only totals over them are
    given, and their own numbers are in the system as cells of their releases.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        figures: Figures,
        before: Sequence[Figures],
        rules: ReleaseRules,
        *,
        area: str,
        codes: Sequence[str] = (),
    ) -> None:
        self.catalogue, self.figures, self.rules = catalogue, figures, rules
        self.area = Dimension(AREA, area, {area: tuple(codes)} if codes else {}, total_in_key=True)
        self.year = [*before, figures]
        self.measures: dict[str, Measure] = {}
        self.tables: list[Table] = []
        self.shares: list[Share] = []
        self.differences: list[Difference] = []
        self.phase = Dimension("phase", ALL, {ALL: self._phases()})
        self.kind = Dimension("kind", ALL, {ALL: tuple(key for key in KINDS if key in self._classes("kind"))})
        self.concern = self._concern()
        terms = tuple(each.term for each in self.year)
        self.time = (
            Dimension("time", figures.term, {}, total_in_key=True)
            if len(terms) == 1
            else Dimension(
                "time", f"{terms[0]} to {figures.term}", {f"{terms[0]} to {figures.term}": terms}, total_in_key=True
            )
        )

    def _classes(self, name: str) -> set[str]:
        return {classes[name] for figures in self.year for classes in figures.classes.values()}

    def _phases(self) -> tuple[str, ...]:
        there = self._classes("phase")
        return tuple(group.key for group in self.catalogue.phases if group.key in there)

    def _concern(self) -> Dimension:
        there = {key for figures in self.year for key in (*figures.concerns, *figures.referrals)}
        groups: dict[str, list[str]] = {group.key: [] for group in self.catalogue.concerns}
        for key in sorted(there):
            groups[group_of(self.catalogue.concerns, key)].append(f"type-{key}")
        children = {key: tuple(types) for key, types in groups.items() if types}
        return Dimension("concern", ALL, {ALL: tuple(children), **children}, reveals=True)

    def offers(self, dimension: str) -> bool:
        """Whether the classification tells anything apart: by one class alone there is nothing to see."""
        children = {"phase": self.phase, "kind": self.kind, "concern": self.concern}[dimension].children
        return len(children.get(ALL, ())) > 1

    def add(self, table: CatalogueTable) -> None:
        """Adds the table's measures and views. Raises KeyError for a subject that there is none of."""
        by = tuple(name for name in table.by if self.offers(name))
        if len(by) < len(table.by) and not by and table.subject in {"sections", "training", "reading"}:
            return  # the classification is the whole point of this table
        {
            "taking-part": self._nothing,
            "sections": self._sections,
            "training": self._coverage,
            "reading": self._coverage,
            "training-bands": self._bands,
            "reading-bands": self._bands,
            "referrals": self._referrals,
            "referral-rates": self._referrals,
            "posts": self._posts,
            "timeliness": self._timeliness,
            "filtering-reviews": self._filtering,
        }[table.subject](table, by)

    def _nothing(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        """How many schools there are and take part is known to everybody: nothing to protect."""

    def _at(self, school: str, figures: Figures | None = None) -> dict[str, str]:
        return {AREA: self.area.total} | (figures or self.figures).classes[school]

    def key(self, what: str) -> str:
        return f"{what}@{self.figures.term}"

    def cell(self, measure: str) -> str:
        """The key of a measure's grand total."""
        return f"{measure}|{AREA}={self.area.total}"

    def _nobody(self, figures: Figures, others: Iterable[Mapping[str, str]]) -> Iterable[Atom]:
        """The classes in which there is no school, which everybody can know, in each of the other places."""
        there = {tuple(self._at(school, figures)[key] for key in _PLACES) for school in figures.classes}
        areas = self.area.children.get(self.area.total, (self.area.total,))
        phases, kinds = self.phase.children[ALL], self.kind.children[ALL]
        for place in product(areas, phases, kinds):
            if place not in there:
                for other in others:
                    yield Atom({**dict(zip(_PLACES, place, strict=True)), **other}, {}, structural_zero=True)

    def _distribution(
        self, table: CatalogueTable, by: tuple[str, ...], name: str, part: Dimension, schools: Mapping[str, str]
    ) -> None:
        """Schools as units: how many are in which state. How many there are in all, everybody may know."""
        if len(schools) < self.rules.schools:
            return
        key = self.key(name)
        if key not in self.measures:
            atoms = (
                Atom({part.key: f"{part.key}-{state}"} | self._at(school), {school: 1})
                for school, state in schools.items()
            )
            nobody = self._nobody(self.figures, [{part.key: state} for state in _leaves(part)])
            self.measures[key] = Measure(
                key,
                (part, self.area, self.phase, self.kind),
                (*atoms, *nobody),
                known_over=frozenset({part.key}),
            )
        self._add(Table(f"{table.key}:{name}", key, (part.key, *by), collapse=(*by, part.key)))

    def _add(self, table: Table) -> None:
        self.tables.append(replace(table, dimensions=(*table.dimensions, AREA), added_up=(AREA,)))

    def _sections(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        for theme, schools in self.figures.sections.items():
            self._distribution(table, by, f"sections:{theme}", _part("state", STATES), schools)

    def _posts(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        for rule, schools in self.figures.posts.items():
            self._distribution(table, by, f"posts:{rule}", _part("post", POST_STATES), schools)

    def _timeliness(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        self._distribution(table, by, "timeliness", _part("overdue", OVERDUE_BANDS), self.figures.overdue)

    def _filtering(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        self._distribution(table, by, "filtering-reviews", _part("review", REVIEW_STATES), self.figures.filtering)

    def _bands(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        subject = table.subject.removesuffix("-bands")
        for key, schools in coverage_of(self.figures, subject).items():
            found = {school: band_of(have, need) for school, (have, need) in schools.items()}
            self._distribution(table, by, f"{table.subject}:{key}", _part("band", BANDS), found)

    def _coverage(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        for key, schools in coverage_of(self.figures, table.subject).items():
            if len(schools) < self.rules.schools:
                continue
            part, whole = self.key(f"{table.subject}:{key}"), self.key(audience_key(self.figures, key))
            for name, place in ((part, 0), (whole, 1)):
                self._people(name, {school: pair[place] for school, pair in schools.items()})
            name = f"{table.key}:{key}"
            self.shares.append(Share(name, part, whole, (*by, AREA), collapse=by, added_up=(AREA,)))

    def _people(self, key: str, schools: Mapping[str, int]) -> None:
        if key not in self.measures:
            atoms = tuple(Atom(self._at(school), {school: count}) for school, count in schools.items())
            nobody = self._nobody(self.figures, [{}])
            self.measures[key] = Measure(key, (self.area, self.phase, self.kind), (*_together(atoms), *nobody))

    def _referrals(self, table: CatalogueTable, by: tuple[str, ...]) -> None:
        if len(self.figures.pupils) < self.rules.schools:
            return
        key = referrals_key(self.figures.term)
        if key not in self.measures:
            atoms = _together(atom for figures in self.year for atom in self._referrals_of(figures))
            dimensions = (self.area, self.concern, self.phase, self.kind, self.time)
            self.measures[key] = Measure(key, dimensions, atoms)
        self._add(Table(table.key, key, (*by, "time"), collapse=by, importance=2.0))

    def _referrals_of(self, figures: Figures) -> Iterable[Atom]:
        possible: dict[tuple[str, ...], set[str]] = {}
        for school in figures.pupils:
            at = self._at(school, figures)
            possible.setdefault(tuple(at[key] for key in _PLACES), set()).add(school)
        concerns = [key for types in list(self.concern.children.values())[1:] for key in types]
        for concern in concerns:
            counts = figures.referrals.get(concern.removeprefix("type-"), {})
            for place, schools in possible.items():
                parts = {school: count for school, count in counts.items() if school in schools}
                at = {"concern": concern, "time": figures.term} | dict(zip(_PLACES, place, strict=True))
                yield Atom(at, parts, possible=frozenset(schools))
        yield from self._nobody(figures, [{"concern": concern, "time": figures.term} for concern in concerns])

    def add_audiences(self) -> None:
        """A number of staff less that of a narrower audience is nobody's business when it is small."""
        wholes: dict[str, frozenset[str]] = {
            share.whole: frozenset(self.figures.audiences[share.key.partition(":")[2]]) for share in self.shares
        }
        for wide, everybody in wholes.items():
            for narrow, some in wholes.items():
                if narrow != wide and some and (not everybody or some < everybody):
                    keys = self.cell(f"{wide}-{narrow}"), self.cell(wide), (self.cell(narrow),)
                    self.differences.append(Difference(*keys, self._rest(wide, narrow)))

    def _rest(self, wide: str, narrow: str) -> dict[str, float]:
        rest: dict[str, float] = {}
        for sign, key in ((1, wide), (-1, narrow)):
            for atom in self.measures[key].atoms:
                for school, count in atom.parts.items():
                    rest[school] = rest.get(school, 0.0) + sign * count
        return rest


def _part(key: str, categories: tuple[str, ...]) -> Dimension:
    """The first category against all the rest, and the rest one by one: a table too sparse for that keeps the first level."""
    first, *rest = (f"{key}-{each}" for each in categories)
    return Dimension(key, ALL, {ALL: (first, rest_of(key)), rest_of(key): tuple(rest)}, reveals=True)


def referrals_key(term: str) -> str:
    """The measure of referrals of the term's academic year."""
    return f"referrals@{academic_year_name(parse_term(term).year)}"


def _leaves(part: Dimension) -> list[str]:
    return [key for children in part.children.values() for key in children if key not in part.children]


def rest_of(part: str) -> str:
    return f"{part}-rest"


def _together(atoms: Iterable[Atom]) -> tuple[Atom, ...]:
    """One atom for each place."""
    found: dict[tuple[tuple[str, str], ...], Atom] = {}
    for atom in atoms:
        place = tuple(sorted(atom.at.items()))
        found[place] = _added(found[place], atom) if place in found else atom
    return tuple(found.values())


def _added(before: Atom, more: Atom) -> Atom:
    parts = dict(before.parts)
    for school, count in more.parts.items():
        parts[school] = parts.get(school, 0) + count
    return Atom(more.at, parts, None if more.possible is None else (before.possible or frozenset()) | more.possible)


def coverage_of(figures: Figures, subject: str) -> dict[str, dict[str, list[int]]]:
    return figures.training if subject == "training" else figures.reading


def audience_key(figures: Figures, subject: str) -> str:
    """Everybody who has the same roles to be asked is one number, whatever they are asked for."""
    return "staff:" + ("+".join(figures.audiences[subject]) or "everybody")


def band_of(have: int, need: int) -> str:
    if have >= need:
        return "all"
    if 10 * have >= 9 * need:
        return "most"
    return "half" if 2 * have >= need else "fewer"
