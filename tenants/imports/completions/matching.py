"""Who a row is about. A wrong completion makes a figure green that is not, so whatever does not agree is told, not guessed.

A staff code decides; then a teacher reference number; then an email address; then the name. What else the row says of the
person must not contradict what the school has of them.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from tenants.imports.completions.reader import CompletionLine
from tenants.imports.staff.remembered import word_key
from tenants.imports.tabular.cells import CellProblem
from tenants.staff.models import StaffMember

_CALLED = {"staff_code": "staff code", "trn": "teacher reference number", "email": "email address", "full_name": "name"}


class StaffIndex:
    """A school's staff, present and former, by what lists call them."""

    def __init__(self, staff: Iterable[StaffMember]) -> None:
        self._members = {member.id: member for member in staff}
        self._by: dict[str, dict[str, set[uuid.UUID]]] = {name: defaultdict(set) for name in _CALLED}
        for member in self._members.values():
            for name, value in _said_of(member).items():
                if value:
                    self._by[name][value].add(member.id)

    def find(self, line: CompletionLine) -> StaffMember:
        """The one person whom a row is about. Raises CellProblem where there is none, more than one, or a contradiction."""
        wanted = {
            "staff_code": (line.staff_code or "").lower(),
            "trn": line.trn or "",
            "email": (line.email or "").lower(),
            "full_name": word_key(line.full_name),
        }
        given = {name: value for name, value in wanted.items() if value}
        decisive = next((name for name, value in given.items() if self._by[name].get(value)), None)
        if decisive is None:
            name = next(iter(given))
            raise CellProblem(
                name, _text(line, name), f"is the {_CALLED[name]} of nobody on the staff list: add the person first"
            )
        found = self._by[decisive][given[decisive]]
        for name, value in given.items():
            if len(found) > 1:
                found = found & self._by[name].get(value, set()) or found
        found = self._there_on(found, line.completed_on) if len(found) > 1 else found
        if len(found) > 1:
            raise CellProblem(decisive, _text(line, decisive), _several(decisive))
        member = self._members[next(iter(found))]
        self._refuse_contradictions(line, member, given)
        return member

    def _there_on(self, found: set[uuid.UUID], day: date) -> set[uuid.UUID]:
        """Of several, those who worked at the school on the day, where that leaves anybody."""
        there = {
            key
            for key in found
            if ((last := self._members[key].leaves_on) is None or last >= day)
            and ((first := self._members[key].starts_on) is None or first <= day)
        }
        return there or found

    @staticmethod
    def _refuse_contradictions(line: CompletionLine, member: StaffMember, given: dict[str, str]) -> None:
        there = _said_of(member)
        for name in ("staff_code", "trn"):
            if given.get(name) and there[name] and given[name] != there[name]:
                raise CellProblem(
                    name,
                    _text(line, name),
                    f"is not the {_CALLED[name]} of {member.full_name}, whom the rest of the row is about",
                )
        if given.get("full_name") and not set(given["full_name"].split()) & set(there["full_name"].split()):
            raise CellProblem(
                "full_name", line.full_name, f"is not the name of {member.full_name}, whom the rest of the row is about"
            )


def _said_of(member: StaffMember) -> dict[str, str]:
    return {
        "staff_code": (member.staff_code or "").lower(),
        "trn": member.trn or "",
        "email": (member.email or "").lower(),
        "full_name": word_key(member.full_name),
    }


def _text(line: CompletionLine, name: str) -> str:
    return str(getattr(line, name) or "")


def _several(name: str) -> str:
    more = "email address" if name == "full_name" else "name"
    return f"is the {_CALLED[name]} of more than one person: add their staff code or {more} to the row"
