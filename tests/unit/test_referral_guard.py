"""The guard on a referral's texts."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.referrals.rules import GuardKind, guard_text, has_check_letter

TODAY = date(2026, 11, 23)


def kinds(text: str, *, is_reference: bool = False) -> set[GuardKind]:
    return {problem.kind for problem in guard_text(text, today=TODAY, is_reference=is_reference)}


@pytest.mark.parametrize(
    "text",
    [
        "B801200005001",
        "upn b801200005001 in the form",
        "UPN: B 801 2000 05 001",
        "B801-2000-05001",
        "A123456789012",
        "A12345678901B",
        "Ｂ８０１２００００５００１",
        "B8012000\u200b05001",
        "refB801200005001x",
    ],
)
def test_a_upn_is_refused_however_it_is_written(text: str) -> None:
    assert GuardKind.UPN in kinds(text)


@pytest.mark.parametrize("text", ["CP-10482", "2026-27/03", "INC0001234567", "refA123456789013x", "1234567", "A12345"])
def test_an_ordinary_reference_passes(text: str) -> None:
    assert kinds(text, is_reference=True) == set()


@settings(max_examples=200)
@given(st.text(alphabet="0123456789", min_size=12, max_size=12), st.sampled_from("ABCDEFGHJKLMNPQRTUVWXYZ"))
def test_every_letter_with_twelve_digits_is_refused(digits: str, letter: str) -> None:
    assert GuardKind.UPN in kinds(f"see {letter}{digits}.")


def test_the_check_letter_is_that_of_the_published_rule() -> None:
    assert has_check_letter("B801200005001")
    assert not has_check_letter("A801200005001")
    assert not has_check_letter("B80120000500")


@settings(max_examples=200)
@given(st.text(alphabet="0123456789", min_size=12, max_size=12))
def test_exactly_one_letter_checks(digits: str) -> None:
    assert sum(has_check_letter(letter + digits) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 1


@pytest.mark.parametrize(
    "text",
    [
        "born 3/4/15",
        "DOB: 3 April 2014",
        "D.O.B. 03.04.2014",
        "date of birth 3 April",
        "born in May 2014",
        "born 2014",
        "03/04/2014",
        "3-4-14",
        "2014-04-03",
        "3rd of April 2014",
        "April 3, 2014",
        "3 Apr 14",
        "03042014",
        "20140403",
        "the 13 04 2014 form",
        "13/12/2012",
    ],
)
def test_a_date_of_birth_is_refused_however_it_is_written(text: str) -> None:
    assert GuardKind.DATE_OF_BIRTH in kinds(text)


@pytest.mark.parametrize(
    "text",
    [
        "Panel on 3 March 2027",
        "Rang on 12/10/2026 and again on 9 November 2026",
        "Follow up in 2 weeks",
        "the policy of 2 May 1998",
        "a stubborn 2014 habit",
        "DOB is in CPOMS",
    ],
)
def test_a_date_on_which_no_pupil_was_born_passes(text: str) -> None:
    assert GuardKind.DATE_OF_BIRTH not in kinds(text)


@settings(max_examples=200)
@given(
    st.dates(date(2006, 11, 24), date(2022, 11, 23)), st.sampled_from(["%d/%m/%Y", "%Y-%m-%d", "%d %B %Y", "%d.%m.%y"])
)
def test_no_date_on_which_a_pupil_may_have_been_born_passes(day: date, form: str) -> None:
    assert GuardKind.DATE_OF_BIRTH in kinds(f"noted {day.strftime(form)} in class")


def test_an_email_address_is_refused() -> None:
    assert GuardKind.EMAIL in kinds("write to parent@example.org")


@pytest.mark.parametrize("text", ["ring 07700 900123", "+44 7700 900 123", "(01223) 555 123"])
def test_a_telephone_number_is_refused_in_a_note(text: str) -> None:
    assert GuardKind.TELEPHONE in kinds(text)


def test_a_long_number_is_allowed_as_a_reference() -> None:
    assert kinds("01223555123", is_reference=True) == set()


@pytest.mark.parametrize(
    "text",
    [
        "Spoke to John Smith about it",
        "John Smith told staff",
        "J. Smith came in",
        "pupil Ahmed said it",
        "Child: Sara",
        "the student O’Neill",
        "Mrs Jones rang",
        "mr smith rang",
        "Ahmed's mother rang",
        "Ahmed’s brother is known",
        "a boy called Tom",
        "JOHN SMITH",
        "Anne-Marie Dubois",
        "Łukasz Żak",
    ],
)
def test_a_likely_name_is_warned_of(text: str) -> None:
    problems = guard_text(text, today=TODAY)
    assert {problem.kind for problem in problems} == {GuardKind.NAME}
    assert not any(problem.refused for problem in problems)


@pytest.mark.parametrize(
    "text",
    [
        "Cambridgeshire County Council Prevent Team rang",
        "Discussed at the Channel Panel on Monday",
        "The Designated Safeguarding Lead rang the Prevent Officer",
        "Sent to MASH. Police answered on Tuesday",
        "Child Protection Officer told SLT",
        "Year 5 pupil said that to a friend",
        "KCSIE Part One",
        "Northern Lights Academy Trust",
        "followed up with the class teacher",
    ],
)
def test_bodies_roles_and_ordinary_sentences_pass(text: str) -> None:
    assert kinds(text) == set()


def test_what_is_refused_says_what_to_do() -> None:
    (problem,) = guard_text("B801200005001", today=TODAY)
    assert problem.refused
    assert problem.message.startswith("“B801200005001” looks like a unique pupil number (UPN). Take it out")


@settings(max_examples=300)
@given(st.text())
def test_any_text_gets_an_answer(text: str) -> None:
    assert guard_text(text, today=TODAY) is not None
