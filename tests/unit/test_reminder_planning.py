"""Who is written to on a day and why: properties over many schools, days and ledgers; then the rules one by one."""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.calendar.school_year import SchoolCalendar, is_weekday
from tenants.reminders.planning import Addressee, Away, Due, SchoolFacts, Sent, plan_days, plan_for, plan_school
from tenants.reminders.rule_book import NOBODY, Rule, To, built_in_rule, built_in_rules, in_words, rules_with

MONDAY = date(2026, 11, 23)
AUTUMN_BREAK = frozenset(date(2026, 12, 21) + timedelta(days=number) for number in range(14))
SCHOOL, OTHER = uuid.UUID(int=1), uuid.UUID(int=2)
PRIYA = Addressee(uuid.UUID(int=10), "Priya Nair", "priya@school.example")
HEAD = Addressee(uuid.UUID(int=11), "Hal Head", "head@school.example")
GRACE = Addressee(uuid.UUID(int=12), "Grace Okafor", "grace@trust.example")
OWNER = Addressee(uuid.UUID(int=13), "Olu Owner", "olu@school.example")
DEPUTY = Addressee(uuid.UUID(int=14), "Dee Deputy", "dee@school.example")
OWNERS_KEY = uuid.UUID(int=130)


class WorkingDays(SchoolCalendar):
    """Mondays to Fridays that are no bank holidays, nor among the days that a school has closed."""

    def __init__(self, closed: frozenset[date]) -> None:
        super().__init__()
        self.closed = closed

    def is_sending_day(self, day: date) -> bool:
        return is_weekday(day) and day not in self.closed


@dataclass(frozen=True)
class Change:
    key: str
    active: bool | None = None
    days_before: int | None = None
    days_after: int | None = None
    every_days: int | None = None
    recipients: list[str] | None = None
    escalate_to: str | None = None
    escalate_after: int | None = None
    at_most: int | None = None


def everything_on() -> tuple[Rule, ...]:
    return rules_with([Change(rule.key, active=True) for rule in built_in_rules()])


def facts(*dues: Due, **values: object) -> SchoolFacts:
    roles = {"prevent_lead": [PRIYA], "headteacher": [HEAD], "trust_lead": [GRACE], "dsl": [DEPUTY]}
    defaults = {
        "school_id": SCHOOL, "rules": everything_on(), "days": WorkingDays(AUTUMN_BREAK), "dues": dues, "roles": roles,
        "staff": {OWNERS_KEY: OWNER},
    }  # fmt: skip
    return SchoolFacts(**defaults | values)  # type: ignore[arg-type]


def action(on: date, thing: str = "a", school: uuid.UUID = SCHOOL) -> Due:
    return Due(school, "action", thing, "“Write it”", "/plan/actions/a", on=on, owner=OWNERS_KEY)


def standing(rule: str = "training", thing: str = "course", school: uuid.UUID = SCHOOL) -> Due:
    return Due(school, rule, thing, "3 of 5 staff are missing it", "/staff")


days = st.dates(date(2026, 9, 1), date(2027, 8, 31))
personal = {rule.key for rule in built_in_rules() if rule.is_personal}


@st.composite
def dues(draw: st.DrawFn, school: uuid.UUID = SCHOOL) -> Due:
    rule = draw(st.sampled_from(built_in_rules()))
    return Due(
        school, rule.key, draw(st.sampled_from("abc")), "It", "/plan",
        on=draw(days) if rule.is_dated else None,
        owner=draw(st.sampled_from([None, OWNERS_KEY, "headteacher"])),
        person=draw(st.sampled_from([PRIYA, OWNER])) if rule.is_personal else None,
    )  # fmt: skip


@st.composite
def schools(draw: st.DrawFn) -> list[SchoolFacts]:
    closed = frozenset(draw(st.lists(days, max_size=60)))
    made = []
    for school in (SCHOOL, OTHER):
        listed = draw(st.lists(dues(school), max_size=8))
        stop = st.tuples(st.sampled_from([PRIYA.person, OWNER.person]), st.sampled_from(["all", "action", "training"]))
        stops = draw(st.frozensets(stop, max_size=2))
        away = [Away(PRIYA.person, DEPUTY, draw(days), draw(days), draw(st.booleans()))]
        made.append(facts(*listed, school_id=school, days=WorkingDays(closed), stops=stops, away=away))
    return made


@given(schools(), days, st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_nothing_is_ever_said_twice_and_a_day_planned_again_says_nothing(
    made: list[SchoolFacts], start: date, length: int
) -> None:
    for each in made:
        planned = plan_days([start + timedelta(days=number) for number in range(length)], each)
        keys = [line.key for line in planned]
        assert len(keys) == len(set(keys))
        for day in {line.day for line in planned}:
            again = plan_school(day, replace(each, sent=[line.line for line in planned if line.day <= day]))
            assert again == []


@given(schools(), days)
@settings(max_examples=100, deadline=None)
def test_on_a_day_without_mail_only_what_falls_due_before_the_next_day_with_mail_is_sent(
    made: list[SchoolFacts], day: date
) -> None:
    for each in made:
        by_thing = {(due.rule, due.thing, f"before:{due.on}"): due for due in each.dues}
        for line in plan_school(day, each):
            if not each.days.is_sending_day(day):
                due = by_thing[line.rule, line.thing, line.stage]
                assert due.on is not None
                assert day <= due.on < each.days.next_after(day)


@given(schools(), days)
@settings(max_examples=100, deadline=None)
def test_a_mailbox_gets_one_digest_a_day_however_many_schools_and_things(made: list[SchoolFacts], day: date) -> None:
    digests = plan_for(day, made)
    assert len({digest.recipient for digest in digests}) == len(digests)
    assert len({digest.email.lower() for digest in digests}) == len(digests)
    lines = [line for each in made for line in plan_school(day, each)]
    assert sorted(line.key for digest in digests for line in digest.items) == sorted(line.key for line in lines)
    assert plan_for(day, made) == digests


@given(schools(), days)
@settings(max_examples=100, deadline=None)
def test_what_follows_from_referrals_goes_to_prevent_leads_only_and_stops_are_kept(
    made: list[SchoolFacts], day: date
) -> None:
    for each in made:
        away = each.away[0]
        for line in plan_school(day, each):
            if line.rule == "follow-ups":
                assert line.to == PRIYA or (line.to == DEPUTY and away.may_read_referrals)
                assert not line.escalated
            if not line.escalated:
                assert (line.person, line.rule) not in each.stops
                assert (line.person, "all") not in each.stops


@given(schools(), days)
@settings(max_examples=60, deadline=None)
def test_no_rule_writes_to_a_person_more_often_in_a_week_than_it_says(made: list[SchoolFacts], start: date) -> None:
    for each in made:
        most = {rule.key: rule.at_most for rule in each.rules}
        written: dict[tuple[uuid.UUID, str, date], set[date]] = {}
        for line in plan_days([start + timedelta(days=number) for number in range(28)], each):
            monday = line.day - timedelta(days=line.day.weekday())
            written.setdefault((line.person, line.rule, monday), set()).add(line.day)
        assert all(len(found) <= most[key[1]] for key, found in written.items())


# A dated thing


def sent_on(due: Due, *wanted: date, **values: object) -> dict[date, list[str]]:
    planned = plan_days(wanted, facts(due, **values))
    return {day: [f"{line.to.name}: {line.words}" for line in planned if line.day == day] for day in wanted}


def every_day(first: date, last: date) -> Sequence[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def test_an_action_is_told_before_it_is_due_then_after_each_week_and_its_headteacher_later() -> None:
    found = sent_on(action(date(2026, 11, 20)), *every_day(date(2026, 11, 2), date(2026, 12, 8)))
    told = {day.isoformat(): lines for day, lines in found.items() if lines}
    assert told == {
        "2026-11-06": ["Olu Owner: “Write it”: by 20 November 2026"],
        "2026-11-23": ["Olu Owner: “Write it”: it was due on 20 November 2026, 3 days ago"],
        "2026-11-30": ["Olu Owner: “Write it”: it was due on 20 November 2026, 10 days ago"],
        "2026-12-04": ["Hal Head: “Write it”: it was due on 20 November 2026, 14 days ago"],
        "2026-12-07": ["Olu Owner: “Write it”: it was due on 20 November 2026, 17 days ago"],
    }


def test_what_falls_due_in_the_holidays_is_told_on_the_last_day_before_them() -> None:
    late = rules_with([Change("action", days_before=2)])
    found = sent_on(action(date(2026, 12, 30)), *every_day(date(2026, 12, 14), date(2027, 1, 3)), rules=late)
    assert [day for day, lines in found.items() if lines] == [date(2026, 12, 18)]


def test_what_is_entered_in_the_holidays_and_falls_due_in_them_is_told_at_once_and_the_rest_afterwards() -> None:
    in_the_break = every_day(date(2026, 12, 28), date(2027, 1, 5))
    assert [day for day, lines in sent_on(action(date(2026, 12, 30)), *in_the_break).items() if lines] == [
        date(2026, 12, 28), date(2027, 1, 4),
    ]  # fmt: skip
    assert [day for day, lines in sent_on(action(date(2027, 1, 8)), *in_the_break).items() if lines] == [
        date(2027, 1, 4)
    ]


def test_nobody_is_told_of_an_action_that_nobody_has() -> None:
    due = replace(action(MONDAY), owner=None)
    assert plan_school(MONDAY, facts(due)) == []


# A standing thing


def test_a_standing_thing_is_told_once_a_week_on_the_first_day_with_mail() -> None:
    bank_holiday = date(2027, 3, 29)  # Easter Monday
    found = sent_on(standing(), *every_day(date(2027, 3, 15), date(2027, 4, 6)))
    assert [day for day, lines in found.items() if lines] == [
        date(2027, 3, 15), date(2027, 3, 22), bank_holiday + timedelta(days=1), date(2027, 4, 5),
    ]  # fmt: skip


def test_after_days_without_a_run_a_week_is_caught_up_by_one_line() -> None:
    lines = plan_school(date(2026, 11, 26), facts(standing(), action(date(2026, 11, 24))))
    assert sorted(line.rule for line in lines) == ["action", "training"]


def test_a_standing_thing_that_stays_is_told_to_the_trust_s_lead_once_in_four_weeks() -> None:
    found = sent_on(standing("posts", "dsl"), *every_day(MONDAY, date(2027, 3, 1)), days=WorkingDays(frozenset()))
    to_grace = [day for day, lines in found.items() if any(line.startswith("Grace") for line in lines)]
    assert to_grace[0] == MONDAY + timedelta(days=21)
    assert all(later - earlier >= timedelta(days=28) for earlier, later in itertools.pairwise(to_grace))


# People


def test_while_somebody_is_away_their_lines_go_to_another_with_a_note_and_then_to_them_again() -> None:
    away = [Away(PRIYA.person, DEPUTY, MONDAY, MONDAY + timedelta(days=6), False)]
    first, second = plan_days([MONDAY, MONDAY + timedelta(days=7)], facts(standing(), away=away))
    assert (first.to, first.instead_of, first.person) == (DEPUTY, "Priya Nair", PRIYA.person)
    assert (second.to, second.instead_of) == (PRIYA, None)


def test_a_stop_leaves_escalations_alone() -> None:
    stops = frozenset({(HEAD.person, "action"), (OWNER.person, "all")})
    lines = plan_school(MONDAY, facts(action(MONDAY - timedelta(days=20)), stops=stops))
    assert [(line.to.name, line.escalated) for line in lines] == [("Hal Head", True)]


def test_somebody_at_two_schools_has_one_digest_with_both() -> None:
    both = [facts(standing()), facts(standing(school=OTHER), school_id=OTHER)]
    (digest,) = plan_for(MONDAY, both)
    assert [line.school_id for line in digest.items] == [SCHOOL, OTHER]


def test_one_mailbox_is_one_whatever_its_letters_and_whoever_uses_it() -> None:
    same = Addressee(uuid.UUID(int=99), "The office", " Priya@School.example")
    roles = {"prevent_lead": [PRIYA, same]}
    (digest,) = plan_for(MONDAY, [facts(standing(), roles=roles)])
    assert len(digest.items) == 2


# Rules as data


def test_the_nearer_change_wins_field_by_field() -> None:
    trust = Change("action", days_before=21, escalate_after=10, recipients=["owner", "prevent_lead"])
    school = Change("action", days_before=5)
    (rule,) = (rule for rule in rules_with([trust, school]) if rule.key == "action")
    assert (rule.days_before, rule.escalate_after) == (5, 10)
    assert rule.recipients == (To.OWNER, To.PREVENT_LEAD)
    assert rule.at_most == 2


def test_no_change_sends_what_follows_from_referrals_to_others() -> None:
    change = Change("follow-ups", recipients=["trust_lead"], escalate_to="trust_lead", escalate_after=1)
    (rule,) = (rule for rule in rules_with([change]) if rule.key == "follow-ups")
    assert rule.recipients == (To.PREVENT_LEAD,)
    assert rule.escalate_to is None


def test_an_escalation_can_be_switched_off() -> None:
    (rule,) = (rule for rule in rules_with([Change("action", escalate_to=NOBODY)]) if rule.key == "action")
    assert rule.escalate_to is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (
            "action",
            "14 days before, 1 day after and then every 7 days, to the action’s owner. After 14 days also to the headteacher."
            " At most twice a week.",
        ),
        ("training", "Each week, to the Prevent lead. At most once a week."),
        ("lapsing", "Each week, for what lapses within 30 days, to the Prevent lead. At most once a week."),
        (
            "filtering-none",
            "Every 28 days, from 28 days after the school started here, to the Prevent lead. At most once a week.",
        ),
        ("own-reading", "Switched off."),
    ],
)
def test_a_rule_reads_as_a_sentence(key: str, words: str) -> None:
    rule = built_in_rule(key)
    assert rule is not None
    assert in_words(rule) == words


def test_a_rule_that_begins_later_says_nothing_before_its_first_day() -> None:
    due, begins = standing("filtering-none", "review"), {"filtering-none": MONDAY + timedelta(days=3)}
    days_of_week = [MONDAY + timedelta(days=number) for number in range(5)]
    lines = plan_days(days_of_week, facts(due, standing(), begins=begins))
    assert [line.day for line in lines if line.rule == "filtering-none"] == [MONDAY + timedelta(days=3)]
    assert [line.day for line in lines if line.rule == "training"] == [MONDAY]


def test_every_rule_goes_only_where_it_may() -> None:
    for rule in built_in_rules():
        assert set(rule.recipients) <= set(rule.may_go_to)
        assert rule.escalate_to is None or rule.escalate_to in rule.may_escalate_to


def test_a_line_of_the_ledger_is_what_a_plan_knows() -> None:
    (line,) = plan_school(MONDAY, facts(standing()))
    assert line.line == Sent(PRIYA.person, "training", "course", line.stage, MONDAY)
