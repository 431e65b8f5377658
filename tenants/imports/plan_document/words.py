"""What words, letters, ticks and colours of other people's plans mean. What is not certain stays words."""

import colorsys
import re

from tenants.plan.models import ActionStatus
from tenants.plan.types import ROLE_WORDS

_MET_WORDS = "met green complete completed done achieved yes closed embedded implemented"
# What may stand beside such a word without making it less certain: “Completed on 3 March 2026”, “Now fully embedded”.
_BESIDE_MET = frozenset(
    f"{_MET_WORDS} in place fully all now already is are has have been and on rag status g term autumn spring summer"
    " january february march april may june july august september october november december"
    " jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_WHOLE = {
    ActionStatus.MET: "g 100% true met",
    ActionStatus.PARTLY_MET: "a",
    ActionStatus.NOT_MET: "r n no 0% false",
    ActionStatus.NOT_APPLICABLE: "na n/a",
}
# In this order: the first that is found is taken out, so that “not met” is not read as “met”.
_PHRASES = tuple(
    (re.compile(rf"\b(?:{words})\b"), status)
    for words, status in (
        (r"not applicable|n\s?/\s?a", ActionStatus.NOT_APPLICABLE),
        (r"not answered", ActionStatus.NOT_ANSWERED),
        (r"(?:partly|partially|nearly|almost|not (?:quite|fully|yet fully)) \w+", ActionStatus.PARTLY_MET),
        (r"in (?:progress|hand|development)|under ?way|on ?going|part(?:ly|ial(?:ly)?)|on track", ActionStatus.PARTLY_MET),
        (r"(?:not|never|un)(?: yet| been)* ?(?:met|started|begun|in place|done|achieved|completed?|embedded|implemented)",
         ActionStatus.NOT_MET),
        (r"to be \w+|to do|not yet|no progress|no action|incomplete|outstanding|overdue", ActionStatus.NOT_MET),
        (r"in place", ActionStatus.MET),
    )
)  # fmt: skip
_BY_WHOLE = {word: status for status, words in _WHOLE.items() for word in words.split()}
_BY_WORD = {
    word: status
    for status, words in (
        (ActionStatus.MET, _MET_WORDS),
        (ActionStatus.PARTLY_MET, "amber yellow orange progress progressing started"),
        (ActionStatus.NOT_MET, "red"),
    )
    for word in words.split()
}
_TICKS = {"✓", "✔", "☑", "☒", "🗸", "✅", "x", "✗", "✘", "yes", "y", "1", "●", "•", "√", "true", "ü", "þ", "*"}
_ROLE_SYNONYMS = {
    "all staff": "all_staff", "everyone": "all_staff", "staff": "all_staff", "all school staff": "all_staff",
    "prevent lead": "prevent_lead", "prevent leads": "prevent_lead", "spoc": "prevent_lead",
    "prevent spoc": "prevent_lead", "single point of contact": "prevent_lead",
    "dsl": "dsl", "dsls": "dsl", "designated safeguarding lead": "dsl", "designated safeguarding leads": "dsl",
    "deputy dsl": "deputy_dsl", "ddsl": "deputy_dsl", "ddsls": "deputy_dsl", "deputy dsls": "deputy_dsl",
    "deputy designated safeguarding lead": "deputy_dsl",
    "slt": "slt", "smt": "slt", "senior leaders": "slt", "senior leadership team": "slt", "senior leadership": "slt",
    "headteacher": "headteacher", "head teacher": "headteacher", "head": "headteacher", "principal": "headteacher",
    "computing lead": "computing_lead", "ict lead": "computing_lead", "it lead": "computing_lead",
    "ict coordinator": "computing_lead", "computing coordinator": "computing_lead",
    "it service": "it_service", "it technician": "it_service", "ict technician": "it_service", "it support": "it_service",
    "governor": "governor", "governors": "governor", "governing body": "governor", "gb": "governor",
    "link governor": "link_governor", "safeguarding governor": "link_governor", "prevent governor": "link_governor",
} | {words.lower(): key for key, words in ROLE_WORDS.items()}  # fmt: skip
# Words of jobs and bodies: who is called by one of them is no person's name.
_OF_ROLES = frozenset(
    "all and any assistant board body business caretaker class committee computing coordinator council deputy designated"
    " director executive family form governor governors governance head headteacher heads hub ict inclusion it key lead"
    " leader leaders leadership leads link local manager managers mentor mentors office officer officers parents pastoral"
    " person phase police premises prevent principal pupil pupils pshe re safeguarding school senco sendco senior service"
    " services site slt staff student students subject support teacher teachers teaching team teams technician technicians"
    " trust trustees tutor tutors visitor visitors welfare whole year dsl ddsl sbm ht dht aht trips curriculum authority"
    " external provider providers company everyone authority's the of for with each".split()
)
_TITLE = re.compile(r"^(?:mr|mrs|ms|miss|mx|dr|rev|sir|fr)\.?\s+\S+", re.IGNORECASE)
_INITIALS = re.compile(r"^(?:[A-Z]\.?\s?){2,3}$")
_NAME = re.compile(r"^[^\W\d_][\w.'’-]*(?: [^\W\d_][\w.'’-]*){1,2}$")
_LEAST_SATURATED = 0.2


def status_of(words: str) -> ActionStatus | None:
    """What a status says; none where it says nothing certain, or two things. What is met must say that and no more."""
    plain = " ".join(words.lower().split()).strip(" .")
    if plain in _BY_WHOLE:
        return _BY_WHOLE[plain]
    found = set()
    for pattern, meaning in _PHRASES:
        plain, times = pattern.subn(" ", plain)
        if times:
            found.add(meaning)
    found |= {_BY_WORD[word] for word in re.findall(r"[a-z]+", plain) if word in _BY_WORD}
    status = found.pop() if len(found) == 1 else None
    if status is ActionStatus.MET and not set(re.findall(r"[^\W\d_]+", words.lower())) <= _BESIDE_MET:
        return None  # “Done by the summer”, “Completed for most staff”: a wrong green is worse than none
    return status


def status_of_fill(fill: str) -> ActionStatus | None:
    """What a shading means: red, amber or yellow, green. None for white, grey and other hues."""
    if not re.fullmatch(r"[0-9A-Fa-f]{6}", fill):
        return None
    red, green, blue = (int(fill[at : at + 2], 16) / 255 for at in (0, 2, 4))
    hue, _, saturation = colorsys.rgb_to_hls(red, green, blue)
    if saturation < _LEAST_SATURATED or max(red, green, blue) - min(red, green, blue) < _LEAST_SATURATED / 2:
        return None
    degrees = hue * 360
    if degrees < 20 or degrees > 335:
        return ActionStatus.NOT_MET
    if degrees < 68:
        return ActionStatus.PARTLY_MET
    return ActionStatus.MET if degrees < 170 else None


FILL_NAMES = {
    ActionStatus.NOT_MET: "Shaded red",
    ActionStatus.PARTLY_MET: "Shaded amber",
    ActionStatus.MET: "Shaded green",
}


def is_tick(words: str) -> bool:
    return words.strip().lower() in _TICKS


def split_people(words: str) -> tuple[tuple[str, ...], str]:
    """The roles among the words, and what names a person. Nothing is left out: what is no role is a person's.

    Words without a role among them stay as they stand.
    """
    parts = [part.strip() for part in re.split(r"[,;/&+()\n]|\s[-–—]\s|:\s|\band\b", words) if part.strip()]
    roles = tuple(part for part in parts if role_key(part))
    if not roles:
        return (), ", ".join(words.split("\n"))
    return roles, ", ".join(part for part in parts if not role_key(part))


def role_key(words: str) -> str | None:
    return _ROLE_SYNONYMS.get(re.sub(r"\s+", " ", words.lower()).strip(" .:"))


def is_person(words: str) -> bool:
    """Whether words look like a person's name or initials, and not like a job's."""
    if role_key(words):
        return False
    if _TITLE.match(words):
        return True
    if any(word in _OF_ROLES for word in re.findall(r"[a-z’']+", words.lower())):
        return False
    if _INITIALS.match(words):
        return True
    return _NAME.match(words) is not None and all(word[0].isupper() for word in words.split())
