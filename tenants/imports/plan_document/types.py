"""A plan as a Word document has it. Every text of the document is somewhere in here."""

from dataclasses import dataclass, field
from datetime import date

from tenants.plan.models import ActionStatus, Theme


@dataclass(frozen=True)
class DocumentAction:
    """`roles`, `owner` and the fields ending in `words` are the document's own words.

    `note` holds addresses and remarks that stood below the action, and cells of columns that have no other place, each
    with its column's head before it. `status` and `due_on` are what the words mean, where that is certain.
    """

    wording: str
    roles: tuple[str, ...] = ()
    note: str = ""
    status: ActionStatus | None = None
    status_words: str = ""  # "Amber", "G", or the name of the cell's shading
    owner: str = ""  # a name or initials
    due_on: date | None = None
    due_words: str = ""  # "Termly", "Ongoing", or the date as it stands
    evidence: str = ""  # what the document gives as evidence or progress


@dataclass
class DocumentExpectation:
    """`note` holds lead-in lines of the cell and, where nobody could place them, words of its last column."""

    wording: str
    note: str = ""
    actions: list[DocumentAction] = field(default_factory=list)


@dataclass
class DocumentDuty:
    wording: str
    expectations: list[DocumentExpectation] = field(default_factory=list)


@dataclass
class DocumentSection:
    title: str
    theme: Theme | None
    duties: list[DocumentDuty] = field(default_factory=list)


@dataclass
class PlanDocument:
    """`introduction` stood before the plan's table; `leftovers` are texts that no part of a plan has a place for."""

    title: str
    introduction: list[str] = field(default_factory=list)
    sections: list[DocumentSection] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)

    @property
    def duties(self) -> list[DocumentDuty]:
        return [duty for section in self.sections for duty in section.duties]

    @property
    def expectations(self) -> list[DocumentExpectation]:
        return [expectation for duty in self.duties for expectation in duty.expectations]

    @property
    def actions(self) -> list[DocumentAction]:
        return [action for expectation in self.expectations for action in expectation.actions]

    def counts(self) -> dict[str, int]:
        return {
            "sections": len(self.sections),
            "duties": len(self.duties),
            "expectations": len(self.expectations),
            "actions": len(self.actions),
        }
