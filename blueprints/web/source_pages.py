"""Where does the staff list come from by itself? Sources of a school or a trust: the list, one source, what came of it.

An audience's routes are thin: each makes its `SourcePages` and calls one of the methods.
"""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Response as FileResponse
from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import IntegerField, PasswordField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from blueprints.web.access import account_id
from blueprints.web.import_steps import ButtonForm
from blueprints.web.presentation import moment
from prevent_trust.config import Settings
from prevent_trust.csv_output import csv_bytes
from prevent_trust.jobs.sources import given_up, request_fetch
from prevent_trust.outside.sealing import can_seal, seal
from prevent_trust.tenancy import SchoolScope, TrustScope
from tenants.access.actions import record_act
from tenants.imports.models import ImportRun, ImportState
from tenants.imports.sources.actions import SourceDetails, SourceProblem, remove_source, save_source
from tenants.imports.sources.models import SOURCE_KIND_NAMES, Every, FetchState, SourceKind, StaffFetch, StaffSource
from tenants.imports.sources.queries import fetches_of, owner_columns, runs_of_fetches, source_of, sources_of

MOST_FETCHES = 50
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STATE_WORDS = {
    FetchState.FETCHING: "being fetched",
    FetchState.UNCHANGED: "nothing new",
    FetchState.TAKEN: "fetched",
    FetchState.FAILED: "not fetched",
}
STOPPED = "Not fetched: this service was stopped each time before it was done"
RUN_WORDS = {
    ImportState.UPLOADED: "waits for you to choose its columns",
    ImportState.READING: "is being read",
    ImportState.PREVIEWED: "waits for you to decide",
    ImportState.APPLYING: "is being applied",
    ImportState.APPLIED: "applied",
    ImportState.FAILED: "not taken in",
    ImportState.CANCELLED: "dropped",
    ImportState.UNDOING: "is being undone",
    ImportState.UNDONE: "undone",
}
# Which of the form's fields a kind has, besides the name, the place and the time.
FIELDS = {
    SourceKind.FOLDER: (),
    SourceKind.SFTP: ("host", "port", "username", "host_key", "secret"),
    SourceKind.HTTPS: ("secret",),
    SourceKind.WONDE: ("secret",),
}
PLACES = {
    SourceKind.FOLDER: "Path of the file in your folder",
    SourceKind.SFTP: "Path of the file on the server",
    SourceKind.HTTPS: "Address of the file",
    SourceKind.WONDE: "Wonde’s id of the school",
}
SECRETS = {
    SourceKind.SFTP: "Password",
    SourceKind.HTTPS: "Bearer token",
    SourceKind.WONDE: "Token from Wonde",
}


class SourceForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF is untyped here
    """All that can be entered of a source; what its kind does not have is taken out."""

    name = StringField("Name of this source", [InputRequired("Enter a name, such as Arbor export"), Length(max=200)])
    host = StringField("Server", [Length(max=253)])
    port = IntegerField(
        "Port", [InputRequired("Enter the port, usually 22"), NumberRange(1, 65535, "Enter a port from 1 to 65535")]
    )
    username = StringField("User name", [Length(max=200)])
    host_key = StringField("Host key of the server", [Length(max=2000)])
    place = StringField("Place", [Length(max=2000)])
    secret = PasswordField("Password", [Optional(), Length(max=4000)])
    every = RadioField(
        "How often is it fetched?", choices=[(Every.DAY.value, "Every day"), (Every.WEEK.value, "Once a week")]
    )
    weekday = SelectField("On which day of the week", coerce=int, choices=list(enumerate(WEEKDAYS)))
    hour = SelectField("At what time", coerce=int, choices=[(hour, f"{hour}:00") for hour in range(24)])
    active = RadioField("Is it fetched?", choices=[("yes", "Yes"), ("no", "No, switch it off")])

    def shape(self, kind: SourceKind) -> None:
        """Leaves only what the kind has, in its words."""
        for name in ("host", "port", "username", "host_key", "secret"):
            if name not in FIELDS[kind]:
                delattr(self, name)
        self.place.label.text = PLACES[kind]
        if "secret" in self:
            self.secret.label.text = SECRETS[kind]

    def details(self) -> SourceDetails:
        """What was entered, with spaces around it taken away."""
        text = {
            name: (self[name].data or "").strip() or None
            for name in ("host", "username", "host_key", "secret")
            if name in self
        }
        return SourceDetails(
            name=" ".join(self.name.data.split()),
            place=(self.place.data or "").strip(),
            every=Every(self.every.data),
            weekday=self.weekday.data,
            hour=self.hour.data,
            active=self.active.data == "yes",
            port=self.port.data if "port" in self else None,
            **text,
        )


@dataclass(frozen=True)
class SourcePages:
    """The pages of one school or trust; `audience` is the blueprint's name."""

    scope: SchoolScope | TrustScope
    audience: str

    @property
    def place(self) -> dict[str, Any]:
        """What every address of these pages names first."""
        return dict(owner_columns(self.scope))

    def url(self, page: str = "", **values: Any) -> str:
        endpoint = f"{self.audience}.staff_source" + (f"_{page}" if page else "")
        return url_for(endpoint, **self.place, **values)

    @property
    def home(self) -> str:
        return url_for(f"{self.audience}.staff_sources", **self.place)

    @property
    def settings(self) -> Settings:
        return current_app.extensions["settings"]  # type: ignore[no-any-return]  # the factory puts Settings there

    def kinds(self) -> list[SourceKind]:
        """Those that the operator of this service has made possible."""
        folder = [SourceKind.FOLDER] if self.settings.sources_folder else []
        return [*folder, SourceKind.SFTP, SourceKind.HTTPS, SourceKind.WONDE] if can_seal(self.settings) else folder

    def overview(self) -> FileResponse | str:
        """All sources, with how the last fetching of each went."""
        sources = sources_of(self.scope)
        fetches = fetches_of(self.scope, [source.id for source in sources], each=1)
        last: dict[uuid.UUID, StaffFetch] = {key: found[0] for key, found in fetches.items()}
        if request.args.get("format") == "csv":
            return self._csv(sources, last)
        return self._page("list", sources=sources, last=last, kinds=self.kinds(), how=self._how(last.values()))

    def _csv(self, sources: list[StaffSource], last: dict[uuid.UUID, StaffFetch]) -> FileResponse:
        rows, how = [], self._how(last.values())
        for source in sources:
            fetch = last.get(source.id)
            ending = [moment(fetch.created_at), how(fetch)] if fetch else ["", ""]
            rows.append([source.name, SOURCE_KIND_NAMES[source.kind], source.place, when_in_words(source), *ending])
        heads = ("Source", "Kind", "Place", "Fetched when", "Last fetched", "How it went")
        return FileResponse(
            csv_bytes(heads, rows),
            mimetype="text/csv",
            headers={"Content-Disposition": 'attachment; filename="staff-sources.csv"'},
        )

    def new(self) -> Response | str:
        """Adds a source of the kind that is asked for."""
        asked = request.args.get("kind", "")
        possible = self.kinds()
        if not possible:
            return redirect(self.home, 303)
        kind = (
            SourceKind(asked)
            if asked in {each.value for each in possible}
            else possible[-2 if len(possible) > 1 else 0]
        )
        form = SourceForm(port=22, every=Every.DAY.value, hour=5, active="yes")
        return self._edited(form, None, kind)

    def source(self, source_id: uuid.UUID) -> Response | str:
        """One source: to change it, and what came of its fetchings."""
        source = self._source(source_id)
        kept = {name: getattr(source, name) for name in ("name", "host", "port", "username", "host_key", "place")}
        form = SourceForm(
            every=source.every.value, weekday=source.weekday, hour=source.hour,
            active="yes" if source.active else "no", **kept,
        )  # fmt: skip
        return self._edited(form, source, source.kind)

    def _edited(self, form: SourceForm, source: StaffSource | None, kind: SourceKind) -> Response | str:
        form.shape(kind)
        if form.validate_on_submit():
            try:
                saved = save_source(
                    self.scope, source=source, kind=kind, details=form.details(), changed_by=account_id(),
                    now=datetime.now(UTC), seal=lambda key, secret: seal(self.settings, key, secret),
                )  # fmt: skip
            except SourceProblem as problem:
                for name, messages in problem.messages.items():
                    form[name].errors = messages
            else:
                self._record("staff source added" if source is None else "staff source changed", saved)
                flash("Saved.", "success")
                return redirect(self.url(source_id=saved.id), 303)
        fetches = fetches_of(self.scope, [source.id], each=MOST_FETCHES)[source.id] if source else []
        return self._page(
            "source", form=form, source=source, kind=kind, fetches=fetches, how=self._how(fetches),
            button=ButtonForm(formdata=None), owner=next(iter(self.place.values())),
        )  # fmt: skip

    def fetch(self, source_id: uuid.UUID) -> Response:
        """Asks for the file now, also when it is the one that was fetched before."""
        source = self._source(source_id)
        period = f"now {datetime.now(UTC):%Y-%m-%d %H:%M}"
        request_fetch(self.scope, source.id, period=period, requested_by=account_id(), again=True)
        self._record("staff source fetched", source)
        flash("The list is being fetched. Look at this page again in a minute.", "success")
        return redirect(self.url(source_id=source_id), 303)

    def remove(self, source_id: uuid.UUID) -> Response | str:
        """Asks, and removes the source with its password."""
        source = self._source(source_id)
        form = ButtonForm()
        if form.validate_on_submit():
            self._record("staff source removed", source)
            remove_source(self.scope, source_id)
            flash("The source is removed. What was imported from it stays.", "success")
            return redirect(self.home, 303)
        return self._page("remove", source=source, button=form)

    def _how(self, fetches: Collection[StaffFetch]) -> Callable[[StaffFetch], str]:
        """How each of these went, in words. Two queries."""
        runs, stopped = runs_of_fetches(self.scope, fetches), given_up(self.scope, fetches)
        return lambda fetch: STOPPED if fetch.id in stopped else _how(fetch, runs)

    def _source(self, source_id: uuid.UUID) -> StaffSource:
        return source_of(self.scope, source_id) or abort(404)

    def _record(self, act: str, source: StaffSource) -> None:
        record_act(act, account_id=account_id(), **self.place, source_id=str(source.id), kind=source.kind.value)

    def _page(self, page: str, **values: Any) -> str:
        return render_template(
            f"sources/{page}.html", pages=self, kind_names=SOURCE_KIND_NAMES,
            when_in_words=when_in_words, import_home=url_for(f"{self.audience}.staff_import", **self.place),
            run_url=lambda run_id: url_for(
                f"{self.audience}.staff_import_run", run_id=run_id, **self.place
            ), **values,
        )  # fmt: skip


def _how(fetch: StaffFetch, runs: dict[uuid.UUID, ImportRun]) -> str:
    """How a fetching went, and what stands in the way of its import."""
    words = STATE_WORDS[fetch.state].capitalize()
    if fetch.problem:
        return f"{words}: {fetch.problem}"
    run = runs.get(fetch.run_id) if fetch.run_id else None
    if run is None:
        return words
    return f"{words}, import {RUN_WORDS[run.state]}" + (f": {run.problem}" if run.problem else "")


def when_in_words(source: StaffSource) -> str:
    """Such as "Mondays at 5:00"."""
    if not source.active:
        return "Switched off"
    day = "Every day" if source.every is Every.DAY else f"{WEEKDAYS[source.weekday]}s"
    return f"{day} at {source.hour}:00"
