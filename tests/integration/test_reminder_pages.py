"""The pages of reminders: rules in words, the week to come without a trace, what was sent, standing in, whom mail misses."""

from datetime import date, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from sqlalchemy import func, select

from blueprints.web.access import today
from prevent_trust.mail import OutgoingMail
from prevent_trust.mail_senders.types import MailState
from tenants.access.models import Account, Role
from tenants.reminders.models import Delegation, ItemState, ReminderItem, ReminderRule
from tenants.staff.models import StaffRole
from tests.factories import Factory, sign_in


@pytest.fixture
def trust(make: Factory) -> Any:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Any) -> Any:
    school = make.school(trust=trust, name="Mallard Primary School")
    make.staff(school, StaffRole.TEACHING, email=None)
    return school


@pytest.fixture
def lead(make: Factory, client: FlaskClient, school: Any) -> Account:
    account = make.member(Role.PREVENT_LEAD, school, name="Priya Nair", email="priya@school.example")
    sign_in(client, account)
    return account


def words(client: FlaskClient, page: str) -> str:
    answer = client.get(page)
    assert answer.status_code == 200, page
    main = BeautifulSoup(answer.text, "html.parser").main
    assert main is not None
    return " ".join(main.get_text(" ").split())


def rule(client: FlaskClient, page: str, **changes: Any) -> int:
    """Posts a rule's form as the page shows it, with changes."""
    found = BeautifulSoup(client.get(page).text, "html.parser")
    form: dict[str, Any] = {}
    for field in found.select("main form:first-of-type input"):
        if field.get("type") in {"radio", "checkbox"} and not field.has_attr("checked"):
            continue
        form.setdefault(str(field["name"]), []).append(field.get("value", ""))
    for field in found.select("main form:first-of-type select"):
        chosen = field.select_one("option[selected]")
        form[str(field["name"])] = [chosen["value"] if chosen else ""]
    return client.post(page, data=form | changes).status_code


def test_a_school_sees_its_rules_as_sentences_and_the_week_to_come_and_nothing_is_written(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    page = words(client, f"/schools/{school.id}/reminders")
    assert "14 days before, 1 day after and then every 7 days, to the action’s owner." in page
    assert "To Priya Nair , priya@school.example" in page
    assert "1 referral to follow up" in page
    for model in (ReminderItem, OutgoingMail):
        assert make.session.scalar(select(func.count()).select_from(model)) == 0


def test_who_may_not_read_the_referral_log_sees_nothing_that_follows_from_it(
    client: FlaskClient, make: Factory, school: Any, trust: Any, lead: Account
) -> None:
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    item(make, school, rule="follow-ups", words="1 referral to follow up")
    for account in (make.member(Role.SCHOOL_READER, school), make.member(Role.TRUST_LEAD, trust)):
        sign_in(client, account)
        for page in ("", "/sent", "/sent?rule=follow-ups"):
            assert "1 referral to follow up" not in words(client, f"/schools/{school.id}/reminders{page}")
        assert "1 referral" not in client.get(f"/schools/{school.id}/reminders/sent?format=csv").text
    sign_in(client, lead)
    assert "1 referral to follow up" in words(client, f"/schools/{school.id}/reminders/sent")


def test_only_what_differs_is_kept_so_that_a_later_change_of_the_trust_comes_through(
    client: FlaskClient, make: Factory, school: Any, trust: Any, lead: Account
) -> None:
    page = f"/schools/{school.id}/reminders/rules/action"
    assert rule(client, page) == 303
    assert make.session.scalars(select(ReminderRule)).all() == []
    assert rule(client, page, days_before="5") == 303
    (kept,) = make.session.scalars(select(ReminderRule)).all()
    assert (kept.days_before, kept.days_after, kept.recipients, kept.active) == (5, None, None, None)
    make.add(ReminderRule(key="action", trust_id=trust.id, days_after=3))
    assert "5 days before, 3 days after" in words(client, f"/schools/{school.id}/reminders")
    assert client.post(f"{page}/reset").status_code == 303
    assert "14 days before, 3 days after" in words(client, f"/schools/{school.id}/reminders")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"days_before": "400"}, "Enter a whole number of days from 0 to 180"),
        ({"days_before": "soon"}, "Enter a whole number of days from 0 to 180"),
        ({"every_days": "0"}, "Enter a whole number of days from 1 to 180"),
        ({"at_most": "8"}, "Enter a number from 1 to 7"),
        ({"recipients": []}, "Choose at least one role"),
        ({"recipients": ["person"]}, "not a valid choice"),
    ],
)
def test_a_rule_that_cannot_be_is_answered_in_the_page(
    client: FlaskClient, make: Factory, school: Any, lead: Account, changes: dict[str, Any], problem: str
) -> None:
    page = f"/schools/{school.id}/reminders/rules/action"
    assert rule(client, page, **changes) == 200
    assert make.session.scalars(select(ReminderRule)).all() == []
    form = {
        "active": "yes", "days_before": "1", "days_after": "1", "every_days": "7", "recipients": ["owner"],
        "escalate_to": "nobody", "escalate_after": "14", "at_most": "1",
    }  # fmt: skip
    assert problem in client.post(page, data=form | changes).text


def test_the_trust_s_page_counts_and_names_no_referral(
    client: FlaskClient, make: Factory, school: Any, trust: Any, lead: Account
) -> None:
    make.referral(school, follow_up_due_on=date(2026, 10, 2))
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    page = words(client, f"/trusts/{trust.id}/reminders")
    assert "Mallard Primary School" in page
    assert "to follow up" not in page.replace("Referrals are to be followed up", "")
    assert rule(client, f"/trusts/{trust.id}/reminders/rules/posts", active="no") == 303
    sign_in(client, lead)
    page = words(client, f"/schools/{school.id}/reminders")
    assert "Switched off. Set by your trust" in page


def item(make: Factory, school: Any, **values: Any) -> ReminderItem:
    address = values.pop("to_address", "priya@school.example")
    mail = make.add(OutgoingMail(scope="platform:", kind="reminders", to_address=address, subject="", text="", html=""))
    defaults: dict[str, Any] = {
        "person": make.account().id, "rule": "training", "thing": "x", "stage": "s", "day": date(2026, 11, 23),
        "recipient": make.account().id, "to_address": address, "to_name": "Priya Nair", "because": "Prevent lead",
        "words": "Somebody is missing it", "page": "/staff", "state": ItemState.SENT, "mail_id": mail.id,
    }  # fmt: skip
    return make.add(ReminderItem(school_id=school.id, **defaults | values))


def test_what_was_sent_can_be_filtered_and_downloaded(
    client: FlaskClient, make: Factory, school: Any, lead: Account
) -> None:
    item(make, school, words="=Awareness")
    item(make, school, rule="reading", words="Part One", state=ItemState.BOUNCED, problem="550 No such user")
    page = words(client, f"/schools/{school.id}/reminders/sent")
    assert "Awareness" in page
    assert "Came back : 550 No such user" in page.replace("Came back:", "Came back :")
    page = words(client, f"/schools/{school.id}/reminders/sent?state=bounced")
    assert "Part One" in page
    assert "Awareness" not in page
    text = client.get(f"/schools/{school.id}/reminders/sent?format=csv").text
    assert "'=Awareness" in text


def test_the_lead_and_the_trust_see_whom_mail_does_not_reach_until_one_arrives(
    client: FlaskClient, make: Factory, school: Any, trust: Any, lead: Account
) -> None:
    values = {"to_address": "gone@school.example", "to_name": "Gone Away"}
    item(make, school, state=ItemState.BOUNCED, problem="550 No such user", **values)
    other = make.school(trust=trust)
    item(make, other, state=ItemState.REFUSED, problem="554 Blocked", to_address="x@other.example", to_name="Other One")
    page = words(client, f"/schools/{school.id}/reminders")
    assert "Mail to 1 person does not arrive." in page
    assert "gone@school.example" in page
    assert "Other One" not in page
    sign_in(client, make.member(Role.TRUST_LEAD, trust))
    assert "Mail to 2 people does not arrive." in words(client, f"/trusts/{trust.id}/reminders")
    sign_in(client, make.member(Role.TRUST_READER, trust))
    assert "gone@school.example" not in words(client, f"/trusts/{trust.id}/reminders")
    sign_in(client, lead)
    item(make, school, day=date(2026, 11, 30), stage="later", **values)
    assert "does not arrive" not in words(client, f"/schools/{school.id}/reminders")


def dates(first: date, last: date) -> dict[str, str]:
    return {
        f"{name}-{part}": str(getattr(day, part))
        for name, day in (("from_on", first), ("until_on", last))
        for part in ("day", "month", "year")
    }


def test_somebody_lets_another_stand_in_and_takes_it_back(
    client: FlaskClient, make: Factory, school: Any, trust: Any, lead: Account
) -> None:
    deputy = make.member(Role.SCHOOL_READER, school, name="Dee Deputy")
    stranger = make.member(Role.PREVENT_LEAD, make.school(trust=trust), name="Strange Person")
    assert f"/schools/{school.id}/reminders/away" in client.get("/account").text
    page = f"/schools/{school.id}/reminders/away"
    assert "Dee Deputy" in words(client, page)
    assert "Strange Person" not in words(client, page)
    first, last = today(), today() + timedelta(days=5)
    assert client.post(page, data={"to": str(stranger.id)} | dates(first, last)).status_code == 200
    assert "must be the first day or later" in client.post(page, data={"to": str(deputy.id)} | dates(last, first)).text
    assert make.session.scalars(select(Delegation)).all() == []
    assert client.post(page, data={"to": str(deputy.id)} | dates(first, last)).status_code == 303
    assert "they go to Dee Deputy" in words(client, page)
    assert client.post(f"{page}/end").status_code == 303
    assert "they go to Dee Deputy" not in words(client, page)


def test_the_platform_sees_the_addresses_that_are_given_up_and_lets_one_be_tried_again(
    client: FlaskClient, make: Factory
) -> None:
    sign_in(client, make.member(Role.PLATFORM_ADMINISTRATOR))
    for number in range(2):
        make.add(
            OutgoingMail(
                scope="platform:", kind="test", to_address="gone@school.example", subject=f"{number}", text="", html="",
                state=MailState.BOUNCED, bounced_at=func.now(), problem="550 No such user",
            )
        )  # fmt: skip
    assert "gone@school.example: 2 mails came back" in words(client, "/platform/jobs")
    again = client.post("/platform/mails/addresses/again", data={"address": "gone@school.example"})
    assert again.status_code == 303
    assert "2 mails came back" not in words(client, "/platform/jobs")
