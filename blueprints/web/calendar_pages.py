"""The year as it holds, setting its dates by hand or from a file: what the pages of schools, trusts and authorities share.

An audience's routes are thin: each makes its `CalendarPages` and calls one of the methods.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import HiddenField, TextAreaField
from wtforms.validators import Length, ValidationError

from blueprints.web.access import account_id, today
from blueprints.web.fields import DatePartsField
from prevent_trust.csv_output import csv_bytes
from prevent_trust.tenancy import PlatformScope, SchoolScope, TrustScope
from tenants.access.actions import record_act
from tenants.calendar.actions import (
    CalendarError,
    YearChangedMeanwhile,
    apply_import,
    drop_import,
    found_in,
    preview_import,
    set_dates,
    undo_import,
)
from tenants.calendar.entries import LONGEST_TITLE, name_of
from tenants.calendar.models import CalendarImport, CalendarImportState
from tenants.calendar.queries import (
    Place,
    calendar_of_place,
    import_of,
    imports_of,
    schools_with_own_dates,
    set_year,
)
from tenants.calendar.rules import Season, academic_year_name, academic_year_of
from tenants.calendar.school_year import Entry, EntryKind, Level, SchoolCalendar, bank_holidays
from tenants.feeds.content import events_of_year
from tenants.feeds.icalendar_file import calendar_file
from tenants.imports.calendar.dates import CalendarFileError, read_dates
from tenants.imports.calendar.reader import MOST_BYTES
from tenants.imports.calendar.written_days import days_in_words, read_days
from tenants.organisations.queries import names_of_organisations

YEARS_BACK, YEARS_AHEAD = 1, 3
MOST_ROWS_SHOWN = 100
LEVEL_NAMES = {
    None: "Usual dates, set by nobody",
    Level.AUTHORITY: "Local authority",
    Level.TRUST: "Trust",
    Level.SCHOOL: "School",
}
STATE_WORDS = {
    CalendarImportState.PREVIEWED: "waiting for you to decide",
    CalendarImportState.APPLIED: "applied",
    CalendarImportState.UNDONE: "taken back",
}


class ButtonForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """A button."""


class UploadForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    file = FileField("Calendar file")

    def validate_file(self, file: FileField) -> None:
        if not file.data:
            raise ValidationError("Choose a file")
        if not file.data.filename.lower().endswith((".ics", ".csv")):
            raise ValidationError("The file must be an iCalendar file (.ics) or a CSV file (.csv)")


def _first(season: str) -> DatePartsField:
    return DatePartsField(f"First day of the {season} term", optional=True)


def _last(season: str) -> DatePartsField:
    return DatePartsField(f"Last day of the {season} term", optional=True)


def _half(season: str, which: str) -> DatePartsField:
    return DatePartsField(f"{which} day of the {season} half-term break", optional=True)


class YearForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """All that a place says of a year. The half-term break is the week or two without school."""

    autumn_first, autumn_half_first, autumn_half_last, autumn_last = (
        _first("autumn"), _half("autumn", "First"), _half("autumn", "Last"), _last("autumn"),
    )  # fmt: skip
    spring_first, spring_half_first, spring_half_last, spring_last = (
        _first("spring"), _half("spring", "First"), _half("spring", "Last"), _last("spring"),
    )  # fmt: skip
    summer_first, summer_half_first, summer_half_last, summer_last = (
        _first("summer"), _half("summer", "First"), _half("summer", "Last"), _last("summer"),
    )  # fmt: skip
    inset = TextAreaField("INSET days", [Length(max=5000)])
    closures = TextAreaField("Other days on which the school is closed", [Length(max=5000)])
    seen = HiddenField()

    def entries(self) -> list[Entry]:
        """What the form says. A day that cannot be read is an error of its field, and then nothing is returned of it."""
        found = [entry for season in Season for entry in self._of_season(season)]
        for field, kind in ((self.inset, EntryKind.INSET), (self.closures, EntryKind.CLOSURE)):
            found += _lines(field, kind)
        return found

    def _of_season(self, season: Season) -> list[Entry]:
        found = []
        for kind, infix, name in ((EntryKind.TERM, "", "term"), (EntryKind.HALF_TERM, "_half", "half-term break")):
            first, last = self[f"{season}{infix}_first"], self[f"{season}{infix}_last"]
            if first.data and last.data:
                found.append(Entry(kind, first.data, last.data, season))
            elif first.data or last.data:
                missing, word = (last, "last") if first.data else (first, "first")
                missing.errors = [*missing.errors, f"Enter the {word} day of the {season} {name} too"]
        return found


def _lines(field: TextAreaField, kind: EntryKind) -> list[Entry]:
    """One entry a line: days, and after a colon what the closure is called."""
    found = []
    for line in filter(None, map(str.strip, (field.data or "").splitlines())):
        days, _, title = line.partition(":")
        try:
            first, last = read_days(days)
        except ValueError as error:
            field.errors = [*field.errors, f"“{line[:60]}”: {error}"]
            continue
        found.append(Entry(kind, first, last, title=title.strip()[:LONGEST_TITLE] if kind is EntryKind.CLOSURE else ""))
    return found


def _form_of(entries: Sequence[Entry], seen: uuid.UUID | None) -> YearForm:
    values: dict[str, Any] = {"seen": str(seen or "")}
    for entry in entries:
        if entry.season is not None:
            infix = "_half" if entry.kind is EntryKind.HALF_TERM else ""
            values |= {f"{entry.season}{infix}_first": entry.first_on, f"{entry.season}{infix}_last": entry.last_on}
    for name, kind in (("inset", EntryKind.INSET), ("closures", EntryKind.CLOSURE)):
        values[name] = "\n".join(_line(entry) for entry in entries if entry.kind is kind)
    return YearForm(formdata=None, **values)


def _line(entry: Entry) -> str:
    days = days_in_words(entry.first_on, entry.last_on)
    return f"{days}: {entry.title}" if entry.title else days


@dataclass(frozen=True)
class DateRow:
    """A line of the year: what, when, who said so."""

    what: str
    first_on: date
    last_on: date
    source: str


def rows_of(calendar: SchoolCalendar, year: int) -> list[DateRow]:
    """Everything of an academic year in the order of its days."""
    held = calendar.year(year)
    source = LEVEL_NAMES[held.terms_from]
    rows = []
    for term in held.terms:
        rows.append(DateRow(f"{term.season.capitalize()} term", term.first_on, term.last_on, source))
        if term.half_term:
            rows.append(DateRow(name_of(term.half_term), term.half_term.first_on, term.half_term.last_on, source))
    for day, special in held.special.items():
        what = name_of(Entry(special.kind, day, day, title=special.title))
        rows.append(DateRow(what, day, day, LEVEL_NAMES[special.level]))
    begins, ends = date(year, 9, 1), date(year + 1, 8, 31)
    rows += [
        DateRow(name, day, day, "Bank holiday in England")
        for number in (year, year + 1)
        for day, name in bank_holidays(number).items()
        if begins <= day <= ends
    ]
    return sorted(rows, key=lambda row: (row.first_on, row.last_on, row.what))


@dataclass(frozen=True)
class CalendarPages:
    """The pages of one place. `endpoint` is that of the year, such as `school.calendar`; `address` what its routes take."""

    scope: SchoolScope | TrustScope | PlatformScope
    place: Place
    endpoint: str
    address: dict[str, Any]
    may_edit: bool = True

    def url(self, step: str = "", **values: Any) -> str:
        return url_for(f"{self.endpoint}_{step}" if step else self.endpoint, **self.address, **values)

    def _to(self, step: str = "", **values: Any) -> Response:
        return redirect(self.url(step, **values), 303)

    def _act(self, act: str, **values: Any) -> None:
        record_act(act, account_id=account_id(), **self.place.columns, **values)

    def _render(self, template: str, **values: Any) -> str:
        return render_template(
            f"calendar/{template}.html",
            pages=self,
            place=self.place,
            levels=Level,
            level_names=LEVEL_NAMES,
            **values,
        )

    def show(self) -> FileResponse | str:
        """The year as it holds, with who said what of it."""
        now = academic_year_of(today())
        years = range(now - YEARS_BACK, now + YEARS_AHEAD + 1)
        year = request.args.get("year", now, type=int)
        if year not in years:
            abort(404)
        calendar = calendar_of_place(self.scope, self.place, day=date(min(year, now), 9, 1))
        rows = rows_of(calendar, year)
        match request.args.get("format"):
            case "csv":
                return _csv(rows)
            case "ics":
                return self._icalendar(calendar, year)
        return self._render(
            "year",
            year=year,
            name=academic_year_name(year),
            years=[(each, academic_year_name(each)) for each in years],
            rows=rows,
            held=calendar.year(year),
            deadlines=calendar.deadlines(year),
            imports=imports_of(self.scope, self.place) if self.may_edit else [],
            state_words=STATE_WORDS,
            own_dates=self._own_dates(year),
        )

    def _own_dates(self, year: int) -> list[tuple[str, int]]:
        """Schools of a trust that have set dates of their own, by name, with how many."""
        if not isinstance(self.scope, TrustScope):
            return []
        counts = schools_with_own_dates(self.scope, year)
        names = names_of_organisations(set(counts))
        return sorted((names[school_id], count) for school_id, count in counts.items())

    def _icalendar(self, calendar: SchoolCalendar, year: int) -> FileResponse:
        content = calendar_file(
            f"School year {academic_year_name(year)}",
            events_of_year(calendar, year, str(self.place.id)),
            stamp=datetime.now(UTC),
        )
        return FileResponse(
            content,
            mimetype="text/calendar",
            headers={"Content-Disposition": f'attachment; filename="school-year-{academic_year_name(year)}.ics"'},
        )

    def edit(self, year: int) -> Response | str:
        now = academic_year_of(today())
        if not now - YEARS_BACK <= year <= now + YEARS_AHEAD:
            abort(404)
        before = set_year(self.scope, self.place, year)
        form = YearForm() if request.method == "POST" else _form_of(before.entries, before.version)
        if form.validate_on_submit() and self._set(form, year):
            return self._to(year=year)
        return self._render("edit", form=form, year=year, name=academic_year_name(year), seasons=list(Season))

    def _set(self, form: YearForm, year: int) -> bool:
        entries = form.entries()
        if form.errors:
            return False
        try:
            changed = set_dates(
                self.scope,
                self.place,
                year=year,
                entries=entries,
                seen=uuid.UUID(form.seen.data) if form.seen.data else None,
                set_by=account_id(),
            )
        except YearChangedMeanwhile as problem:
            current = set_year(self.scope, self.place, year)
            form.form_errors = [
                str(problem),
                "What you entered is still here and not saved. Save again to replace theirs",
            ]
            form.seen.data = str(current.version or "")
            return False
        except CalendarError as error:
            form.form_errors = list(error.problems)
            return False
        except ValueError:
            abort(400)
        if changed:
            self._act("school dates set", year=academic_year_name(year))
        flash("Saved. Reminders and due dates go by it from now on." if changed else "Nothing was changed.", "success")
        return True

    def upload(self) -> Response | str:
        form = UploadForm()
        if form.validate_on_submit():
            name = form.file.data.filename
            try:
                found = read_dates(form.file.data.stream.read(MOST_BYTES + 1), file_name=name, today=today())
            except CalendarFileError as problem:
                form.file.errors = [str(problem)]
            else:
                made = preview_import(
                    self.scope,
                    self.place,
                    file_name=name,
                    rows=found.rows,
                    found=found.years,
                    not_taken=found.not_taken,
                    requested_by=account_id(),
                )
                return self._to("import_run", import_id=made.id)
        return self._render("import", form=form)

    def preview(self, import_id: uuid.UUID) -> FileResponse | str:
        """What a file says, what of it would be new, and what was not taken."""
        made = self._import(import_id)
        if request.args.get("format") == "csv":
            lines = [(row["line"] or "", row["title"], row["reason"]) for row in made.not_taken]
            return _csv_of(("Row", "Title", "Why it was not taken"), lines, "not-taken.csv")
        years = []
        for year, entries in found_in(made).items():
            here = set_year(self.scope, self.place, year).entries
            lines = [(name_of(each), days_in_words(each.first_on, each.last_on), each in here) for each in entries]
            lost = [
                each
                for each in here
                if each.season is not None and each not in entries and any(e.season for e in entries)
            ]
            gone = [(name_of(each), days_in_words(each.first_on, each.last_on)) for each in lost]
            years.append((academic_year_name(year), lines, gone))
        return self._render(
            "preview",
            made=made,
            years=years,
            states=CalendarImportState,
            not_taken=made.not_taken[:MOST_ROWS_SHOWN],
            form=ButtonForm(formdata=None),
        )

    def decide(self, import_id: uuid.UUID, what: str) -> Response:
        """Applies, takes back or drops a file."""
        made = self._import(import_id)
        try:
            match what:
                case "apply":
                    count = apply_import(self.scope, self.place, made, set_by=account_id())
                    flash("The dates hold now." if count else "These dates stood there already.", "success")
                case "undo":
                    undo_import(self.scope, self.place, made, set_by=account_id())
                    flash("The dates are as they were before the file.", "success")
                case _:
                    drop_import(self.scope, made)
                    flash("The file is dropped. Nothing was changed.", "success")
        except CalendarError as problem:
            flash(f"{problem}.", "error")
            return self._to("import_run", import_id=import_id)
        self._act(f"calendar file {made.state.value}", file=made.file_name)
        return self._to()

    def _import(self, import_id: uuid.UUID) -> CalendarImport:
        return import_of(self.scope, self.place, import_id) or abort(404)


def _csv(rows: list[DateRow]) -> FileResponse:
    """With heads that the import reads, so that a year can be taken out, changed and brought back."""
    lines = [(row.what, row.first_on.isoformat(), row.last_on.isoformat(), row.source) for row in rows]
    return _csv_of(("Event", "Start date", "End date", "Set by"), lines, "school-year.csv")


def _csv_of(headers: Sequence[str], lines: Sequence[Sequence[object]], name: str) -> FileResponse:
    return FileResponse(
        csv_bytes(headers, lines),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
