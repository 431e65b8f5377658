"""A question as it is asked."""

from dataclasses import asdict, dataclass
from typing import Any

FEWEST_ANSWERS, MOST_ANSWERS = 2, 5


@dataclass(frozen=True)
class Question:
    """A question with two to five answers. Places of answers count from 0.

    `right` is the place of the right answer, and `why` explains it; without one every answer will do, as for a statement
    that somebody has understood.
    """

    text: str
    answers: tuple[str, ...]
    right: int | None
    why: str

    def __post_init__(self) -> None:
        if not FEWEST_ANSWERS <= len(self.answers) <= MOST_ANSWERS:
            raise ValueError("a question has two to five answers")
        if self.right is not None and not 0 <= self.right < len(self.answers):
            raise ValueError("the right answer is one of the answers")

    def is_right(self, chosen: int) -> bool:
        return 0 <= chosen < len(self.answers) and self.right in {None, chosen}

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"answers": list(self.answers)}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Question":
        return cls(kept["text"], tuple(kept["answers"]), kept["right"], kept["why"])
