"""Signing in and out, passwords, and what a guesser learns."""

from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from prevent_trust.mail import OutgoingMail
from prevent_trust.passwords import BREACHED, TOO_EASY, TOO_LONG, TOO_SHORT, hashed, password_problems
from tenants.access.models import Account, AuditEntry
from tests.factories import Factory

PASSWORD = "correct-horse-battery-kettle"
GENERIC = "The email address or password is not right."


@pytest.fixture
def person(web_app: Flask, make: Factory) -> Account:
    with web_app.app_context():
        password = hashed(PASSWORD)
    return make.account(email="Sam.Lee@example.org", name="Sam Lee", password=password)


def submit(client: FlaskClient, email: str, password: str, **more: str) -> TestResponse:
    return client.post("/sign-in", data={"email": email, "password": password, **more})


def page(response: TestResponse) -> str:
    return BeautifulSoup(response.get_data(as_text=True), "html5lib").get_text(" ", strip=True)


def mails(make: Factory, kind: str) -> list[OutgoingMail]:
    make.session.expire_all()
    return list(make.session.scalars(select(OutgoingMail).where(OutgoingMail.kind == kind)))


def test_the_right_password_signs_in_and_is_written_down(client: FlaskClient, make: Factory, person: Account) -> None:
    response = submit(client, "sam.lee@EXAMPLE.org", PASSWORD)
    assert (response.status_code, response.location) == (302, "/")
    assert "You have no organisation yet" in page(client.get("/"))
    make.session.refresh(person)
    assert person.last_signed_in_at is not None
    entry = make.session.scalars(select(AuditEntry).where(AuditEntry.act == "signed in")).one()
    assert entry.account_id == person.id


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(client: FlaskClient, person: Account) -> None:
    wrong = submit(client, person.email, "not the password at all")
    unknown = submit(client, "nobody@example.org", "not the password at all")
    assert GENERIC in page(wrong)
    assert page(wrong) == page(unknown)
    assert wrong.status_code == unknown.status_code == 200


def test_an_account_without_a_password_is_answered_like_a_wrong_password(client: FlaskClient, make: Factory) -> None:
    invited = make.account()
    assert GENERIC in page(submit(client, invited.email, "not the password at all"))


def test_an_account_that_is_switched_off_cannot_sign_in(client: FlaskClient, make: Factory, person: Account) -> None:
    person.active = False
    make.session.commit()
    assert GENERIC in page(submit(client, person.email, PASSWORD))


def test_empty_boxes_are_named(client: FlaskClient) -> None:
    assert "Enter your email address." in page(submit(client, "", ""))
    assert "Enter your password." in page(submit(client, "a@example.org", ""))


@pytest.mark.parametrize("exists", [True, False])
def test_ten_failures_lock_the_address_even_for_the_right_password(
    client: FlaskClient, person: Account, exists: bool
) -> None:
    email = person.email if exists else "nobody@example.org"
    for number in range(10):
        assert GENERIC in page(submit_from(client, f"10.0.0.{number}", email, "wrong password here"))
    locked = page(submit_from(client, "10.0.1.1", email.upper(), PASSWORD))
    assert "There were too many attempts" in locked
    assert "Wait 15 minutes" in locked
    assert GENERIC not in locked


def submit_from(client: FlaskClient, address: str, email: str, password: str) -> TestResponse:
    return client.post(
        "/sign-in", data={"email": email, "password": password}, environ_overrides={"REMOTE_ADDR": address}
    )


def test_signing_in_forgets_the_failures_before(client: FlaskClient, person: Account) -> None:
    for number in range(9):
        submit_from(client, f"10.0.0.{number}", person.email, "wrong password here")
    assert submit_from(client, "10.0.1.1", person.email, PASSWORD).status_code == 302
    client.post("/sign-out")
    for number in range(9):
        submit_from(client, f"10.0.2.{number}", person.email, "wrong password here")
    assert submit_from(client, "10.0.3.1", person.email, PASSWORD).status_code == 302


def test_one_network_address_may_try_ten_times_a_minute(client: FlaskClient) -> None:
    answers = [submit(client, f"person{number}@example.org", "wrong password").status_code for number in range(11)]
    assert answers == [200] * 10 + [429]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example/", "//evil.example/", "\\\\evil.example", "///evil.example", "https:evil.example"],
)
def test_signing_in_never_leads_to_another_site(client: FlaskClient, person: Account, elsewhere: str) -> None:
    response = client.post(
        "/sign-in", query_string={"next": elsewhere}, data={"email": person.email, "password": PASSWORD}
    )
    assert response.status_code in {200, 302}
    assert urlsplit(urljoin("http://localhost/sign-in", response.location or "")).netloc == "localhost"


def test_signing_in_leads_back_to_the_page_that_was_asked_for(client: FlaskClient, person: Account) -> None:
    asked = client.get("/account?x=1")
    assert asked.status_code == 302
    assert asked.location == "/sign-in?next=/account?x%3D1"
    response = client.post(asked.location, data={"email": person.email, "password": PASSWORD})
    assert response.location == "/account?x=1"


def test_asking_to_change_something_while_signed_out_leads_nowhere_afterwards(client: FlaskClient) -> None:
    assert client.post("/account/sign-out-everywhere").location == "/sign-in"


def test_signing_out_everywhere_ends_the_other_session(
    web_app: Flask, client: FlaskClient, make: Factory, person: Account
) -> None:
    other = web_app.test_client()
    submit(client, person.email, PASSWORD)
    submit(other, person.email, PASSWORD)
    assert other.get("/account").status_code == 200
    assert client.post("/account/sign-out-everywhere").status_code == 303
    assert client.get("/account").status_code == 302
    assert other.get("/account").status_code == 302


def test_changing_the_password_ends_other_sessions_and_tells_the_person(
    web_app: Flask, client: FlaskClient, make: Factory, person: Account
) -> None:
    other = web_app.test_client()
    submit(client, person.email, PASSWORD)
    submit(other, person.email, PASSWORD)
    new = "seven-purple-lanterns-drift"
    response = client.post(
        "/account/password", data={"password": PASSWORD, "new_password": new, "new_password_confirm": new}
    )
    assert (response.status_code, response.location) == (302, "/account")
    assert "Your password is changed." in page(client.get("/account"))
    assert other.get("/account").status_code == 302
    [mail] = mails(make, "password_changed")
    assert mail.to_address == person.email
    assert "http://localhost/reset-password" in mail.text
    assert submit(web_app.test_client(), person.email, new).status_code == 302


def test_changing_the_password_needs_the_old_one(client: FlaskClient, make: Factory, person: Account) -> None:
    submit(client, person.email, PASSWORD)
    new = "seven-purple-lanterns-drift"
    response = client.post(
        "/account/password", data={"password": "a wrong one", "new_password": new, "new_password_confirm": new}
    )
    assert "That is not your password now." in page(response)
    assert mails(make, "password_changed") == []


def test_asking_for_a_new_password_is_answered_alike_for_every_address(
    client: FlaskClient, make: Factory, person: Account
) -> None:
    known = client.post("/reset-password", data={"email": person.email})
    unknown = client.post("/reset-password", data={"email": "nobody@example.org"})
    assert "If Sam.Lee@example.org has an account" in page(known)
    assert page(known).replace("Sam.Lee", "nobody") == page(unknown)
    [mail] = mails(make, "password_reset")
    assert mail.to_address == person.email


def reset_link(client: FlaskClient, make: Factory, person: Account, **headers: str) -> str:
    client.post("/reset-password", data={"email": person.email}, headers=headers)
    [mail] = mails(make, "password_reset")
    return next(line for line in mail.text.splitlines() if "/reset-password/" in line)


def test_a_reset_link_gives_a_new_password_once_and_ends_sessions(
    web_app: Flask, client: FlaskClient, make: Factory, person: Account
) -> None:
    submit(client, person.email, PASSWORD)
    stranger = web_app.test_client()
    path = reset_link(stranger, make, person).removeprefix("http://localhost")
    assert "Choose a new password" in page(stranger.get(path))
    new = "seven-purple-lanterns-drift"
    done = stranger.post(path, data={"password": new, "password_confirm": new})
    assert (done.status_code, done.location) == (302, "/sign-in")
    assert client.get("/account").status_code == 302
    assert len(mails(make, "password_was_reset")) == 1
    again = stranger.post(path, data={"password": PASSWORD, "password_confirm": PASSWORD}, follow_redirects=True)
    assert "That link does not work." in page(again)
    assert submit(stranger, person.email, new).status_code == 302


def test_a_reset_link_never_repeats_the_host_that_the_request_claimed(
    client: FlaskClient, make: Factory, person: Account
) -> None:
    assert reset_link(client, make, person, Host="evil.example").startswith("http://localhost/reset-password/")


def test_a_new_password_unlocks_an_address_that_was_locked(client: FlaskClient, make: Factory, person: Account) -> None:
    for number in range(10):
        submit_from(client, f"10.0.0.{number}", person.email, "wrong password here")
    path = reset_link(client, make, person).removeprefix("http://localhost")
    new = "seven-purple-lanterns-drift"
    client.post(path, data={"password": new, "password_confirm": new})
    assert submit_from(client, "10.0.1.1", person.email, new).status_code == 302


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        ("short", TOO_SHORT),
        ("passwordpassword", TOO_EASY),
        ("samleesamlee12", TOO_EASY),
        ("prevent trust school", TOO_EASY),
        ("x" * 129, TOO_LONG),
    ],
)
def test_a_password_that_will_not_do_is_answered_in_a_whole_sentence(
    client: FlaskClient, make: Factory, person: Account, password: str, sentence: str
) -> None:
    path = reset_link(client, make, person).removeprefix("http://localhost")
    assert sentence in page(client.post(path, data={"password": password, "password_confirm": password}))


def test_a_password_of_a_hundred_characters_is_good(web: Flask) -> None:
    assert password_problems("kettle-orbit-mango " * 5, about=[]) == []


def test_a_breached_password_is_refused_where_the_list_is_asked(web: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(web.config, "SECURITY_PASSWORD_CHECK_BREACHED", "best-effort")
    monkeypatch.setattr("flask_security.utils.pwned", lambda password: 3)
    assert password_problems(PASSWORD, about=[]) == [BREACHED]


def test_a_breach_list_that_does_not_answer_stops_nobody(web: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(password: str) -> int:
        raise OSError("no network")

    monkeypatch.setitem(web.config, "SECURITY_PASSWORD_CHECK_BREACHED", "best-effort")
    monkeypatch.setattr("flask_security.utils.pwned", away)
    assert password_problems(PASSWORD, about=[]) == []


def test_a_session_ends_a_working_day_after_the_password_was_given(client: FlaskClient, person: Account) -> None:
    submit(client, person.email, PASSWORD)
    with client.session_transaction() as session:
        session["fs_paa"] -= 8 * 60 * 60
    assert client.get("/account").status_code == 302
    with client.session_transaction() as session:
        assert "_user_id" not in session


UNUSED = (
    "/verify",
    "/account/verify",
    "/register",
    "/login",
    "/confirm",
    "/us-signin",
    "/tf-setup",
    "/fs-static/x.css",
)


@pytest.mark.parametrize("path", UNUSED)
def test_ways_in_that_are_not_used_do_not_exist(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_token_or_a_basic_password_is_no_way_in(client: FlaskClient, person: Account) -> None:
    token = client.post(
        "/sign-in?include_auth_token=1",
        json={"email": person.email, "password": PASSWORD},
        headers={"Accept": "application/json"},
    )
    assert not token.is_json
    client.delete_cookie("session")
    assert client.get("/account", auth=(person.email, PASSWORD)).status_code == 302


def test_somebody_with_one_organisation_lands_there_and_with_two_chooses(
    client: FlaskClient, make: Factory, person: Account, members: Callable[..., None]
) -> None:
    submit(client, person.email, PASSWORD)
    members(1)
    one = client.get("/")
    assert one.status_code == 302
    assert one.location.startswith("/schools/")
    members(1)
    assert "Choose an organisation" in page(client.get("/"))
    assert "School" in page(client.get("/organisations"))


@pytest.fixture
def members(make: Factory, person: Account) -> Callable[[int], None]:
    from tenants.access.models import Role

    def add(count: int) -> None:
        for _ in range(count):
            make.membership(person, Role.PREVENT_LEAD, make.school())

    return add
