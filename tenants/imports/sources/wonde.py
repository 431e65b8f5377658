"""Staff from an interface of Wonde's form: pages with cursors, a bearer token, limits of rate.

`GET {base}/schools` lists the schools that the token may read, `GET {base}/schools/{id}/employees` their staff; both answer
`{"data": […], "meta": {"pagination": {"next": "…?cursor=…", "more": true}}}`. Of each person only what a staff list has is
taken; dates of birth and the like are never asked for and never kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from prevent_trust.outside.https import ask
from prevent_trust.outside.types import OutsideProblem, Reach

HEADERS = (
    "School",
    "Surname",
    "First name",
    "Work email",
    "Staff code",
    "TRN",
    "Job title",
    "Start date",
    "Leaving date",
)
PER_PAGE = 200
INCLUDE = "employment_details,roles,contact_details"
Row = list[str]


class CursorIsOld(Exception):
    """The interface does not know the cursor any more."""


@dataclass(frozen=True)
class WondeSchool:
    id: str
    name: str
    urn: str  # empty when the interface does not know it


@dataclass(frozen=True)
class Page:
    rows: list[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class Wonde:
    """`base` such as https://api.wonde.com/v1.0. Every method raises OutsideProblem."""

    asking: httpx.Client
    base: str
    reach: Reach

    def schools(self) -> Iterator[WondeSchool]:
        """The schools that the token may read."""
        cursor = None
        while True:
            people, cursor = self._page(f"{self.base}/schools", {"per_page": PER_PAGE}, cursor)
            for each in people:
                yield WondeSchool(_text(each, "id"), _text(each, "name"), _text(each, "urn"))
            if cursor is None:
                return

    def employees(self, school: WondeSchool, cursor: str | None) -> Page:
        """A page of a school's staff. Raises CursorIsOld too."""
        url = f"{self.base}/schools/{school.id}/employees"
        people, following = self._page(url, {"per_page": PER_PAGE, "include": INCLUDE}, cursor)
        return Page([_row(school, each) for each in people], following)

    def _page(
        self, url: str, params: dict[str, str | int], cursor: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        answer = ask(self.asking, url, reach=self.reach, params=params | ({"cursor": cursor} if cursor else {}))
        try:
            if cursor and answer.status_code in {400, 410, 422}:
                raise CursorIsOld
            if not answer.is_success:
                raise OutsideProblem(_refusal(answer))
            content = self._content(answer)
        except httpx.TransportError as error:
            raise OutsideProblem(f"The answer broke off: {error}.") from error
        finally:
            answer.close()
        try:
            pagination = content["meta"]["pagination"]
            people = [dict(each) for each in content["data"]]
            return people, _cursor(pagination["next"]) if pagination.get("more") else None
        except (KeyError, TypeError, ValueError) as error:
            raise OutsideProblem("The interface answered in another form than Wonde’s.") from error

    def _content(self, answer: httpx.Response) -> Any:
        """What the answer says, up to the limit of size. Raises ValueError for what is not JSON."""
        kept = bytearray()
        for chunk in answer.iter_raw():
            kept += chunk
            if len(kept) > self.reach.largest:
                raise OutsideProblem("A page of the interface is too large.")
        try:
            return httpx.Response(200, content=bytes(kept)).json()
        except ValueError as error:
            raise OutsideProblem("The interface answered in another form than Wonde’s.") from error


def _cursor(address: str) -> str:
    """The cursor alone: where the next page is asked for is ours to say. Raises ValueError when there is none."""
    found = parse_qs(urlsplit(address).query).get("cursor")
    if not found:
        raise ValueError
    return found[0]


def _row(school: WondeSchool, person: dict[str, Any]) -> Row:
    work = _within(person, "employment_details")
    emails = _within(person, "contact_details").get("emails") or {}
    roles = (person.get("roles") or {}).get("data") or []
    return [
        school.urn or school.name,
        _text(person, "surname") or _text(person, "legal_surname"),
        _text(person, "forename") or _text(person, "legal_forename"),
        _text(emails, "work") or _text(emails, "email"),
        _text(work, "payroll_number"),
        _text(work, "teacher_number"),
        " / ".join(dict.fromkeys(_text(role, "name") for role in roles if _text(role, "name"))),
        _date(work, "employment_start_date"),
        _date(work, "employment_end_date"),
    ]


def _within(person: dict[str, Any], name: str) -> dict[str, Any]:
    """What is included of a person, which the interface wraps in `data`."""
    return (person.get(name) or {}).get("data") or {}


def _text(record: dict[str, Any], name: str) -> str:
    value = record.get(name)
    return "" if value is None else " ".join(str(value).split())


def _date(record: dict[str, Any], name: str) -> str:
    """A day as year, month and day; the interface writes `{"date": "2019-09-01 00:00:00.000000", …}`, or the day alone."""
    value = record.get(name)
    if isinstance(value, dict):
        value = value.get("date")
    return str(value)[:10] if value else ""


def _refusal(answer: httpx.Response) -> str:
    if answer.status_code in {401, 403}:
        return "Wonde refuses the token. Ask Wonde, or the school, whether access is approved."
    if answer.status_code == 404:
        return "Wonde does not know the school’s id."
    return f"Wonde answered {answer.status_code} {answer.reason_phrase}."
