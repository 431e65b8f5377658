"""An upgrade of a database that is in use: what schools hold is there afterwards, in its new place."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from prevent_trust.config import ROOT, postgresql_url
from prevent_trust.database_roles import create_roles_and_database, urls_for
from prevent_trust.embedded import Engines
from tenants.reading.edition_content import whole_part

SCHOOL, PLAN, ACTION, LINK, FILE, EDITION, PERSON, ACCOUNT, MAIL, DOCUMENT = (uuid.uuid4() for _ in range(10))
BEFORE = f"""
insert into local_authority (code, name) values ('999', 'Authority');
insert into school (id, urn, name, authority_id, status)
  select '{SCHOOL}', 100001, 'School', id, 'open' from local_authority;
insert into edition (id, key, title, source, published_on) values ('{EDITION}', 'e', 'Edition', 'built_in', '2025-09-01');
insert into edition_section (id, edition_id, key, position, title) values ('{EDITION}', '{EDITION}', 's', 0, 'Section');
insert into edition_duty (id, section_id, key, position, wording) values ('{EDITION}', '{EDITION}', 'd', 0, 'Duty');
insert into edition_expectation (id, duty_id, key, position, wording)
  values ('{EDITION}', '{EDITION}', 'x', 0, 'Meaning');
insert into edition_action (id, edition_id, expectation_id, key, position, wording, recurs_months)
  values ('{EDITION}', '{EDITION}', '{EDITION}', 'a', 0, 'Do it', 12);
insert into plan (id, school_id, edition_id, created_at)
  values ('{PLAN}', '{SCHOOL}', '{EDITION}', '2026-08-31 22:30+00');
insert into plan_action (id, school_id, plan_id, edition_action_id, expectation_id, position)
  values ('{ACTION}', '{SCHOOL}', '{PLAN}', '{EDITION}', '{EDITION}', 0);
insert into plan_answer (school_id, action_id, status, note, recorded_from, recorded_until) values
  ('{SCHOOL}', '{ACTION}', 'not_answered', '', '2026-09-01 10:00+00', '2026-09-02 10:00+00'),
  ('{SCHOOL}', '{ACTION}', 'met', '', '2026-09-02 10:00+00', '2026-10-02 10:00+00'),
  ('{SCHOOL}', '{ACTION}', 'met', 'A note', '2026-10-02 10:00+00', null);
insert into evidence (id, school_id, action_id, kind, title, address, created_at, removed_at)
  values ('{LINK}', '{SCHOOL}', '{ACTION}', 'link', 'Folder', 'https://x.example',
    '2026-09-02 10:00+00', '2026-09-03 10:00+00');
insert into evidence (id, school_id, action_id, kind, title, storage_key, file_name, media_type, size, sha256, created_at)
  values ('{FILE}', '{SCHOOL}', '{ACTION}', 'file', 'Minutes', 'evidence/x', 'm.pdf', 'application/pdf', 7, 'abc',
    '2026-09-02 23:30+00');
insert into staff_member (id, school_id, given_name, family_name, created_at)
  values ('{PERSON}', '{SCHOOL}', 'Ada', 'Byron', '2026-09-05 10:00+00');
insert into document (id, key, title) values ('{DOCUMENT}', 'kcsie', 'KCSIE');
insert into document_edition (id, document_id, label, in_force_from, address, parts)
  values ('{DOCUMENT}', '{DOCUMENT}', '2025', '2025-09-01', 'https://x.example', array['Part one', 'Annex B']);
insert into reading_confirmation (school_id, staff_id, document_edition_id, confirmed_on)
  values ('{SCHOOL}', '{PERSON}', '{DOCUMENT}', '2025-09-20');
insert into account (id, email, name, fs_uniquifier) values ('{ACCOUNT}', 'lead@school.example', 'Priya', 'x');
insert into outgoing_mail (id, scope, kind, to_address, to_name, subject, text, html, state)
  values ('{MAIL}', 'school:{SCHOOL}', 'weekly_digest', 'lead@school.example', 'Priya', 'Due', '', '', 'handed_over');
insert into reminder (school_id, account_id, kind, period, reasons, mail_id, created_at)
  values ('{SCHOOL}', '{ACCOUNT}', 'weekly_digest', '2026-W48', '[{{"words": "One"}}, {{"words": "Two"}}]', '{MAIL}',
    '2026-11-22 23:30+00');
"""


@pytest.fixture(scope="module")
def upgraded(engines: Engines) -> Iterator[sa.Connection]:
    """A database of the version before, with rows in it, brought up to date."""
    urls = urls_for(engines.superuser_url, "prevent_upgrade")
    create_roles_and_database(engines.superuser_url, urls)
    config = Config(str(ROOT / "alembic.ini"))
    config.set_main_option("sqlalchemy.url", urls.owner.replace("%", "%%"))
    command.upgrade(config, "0002")
    engine = sa.create_engine(
        sa.make_url(postgresql_url(engines.superuser_url)).set(database="prevent_upgrade"), poolclass=sa.NullPool
    )
    with engine.begin() as connection:
        connection.execute(sa.text(BEFORE))
    command.upgrade(config, "head")
    with engine.connect() as connection:
        yield connection


def rows(upgraded: sa.Connection, statement: str) -> list[Any]:
    return [tuple(row) for row in upgraded.execute(sa.text(statement))]


def test_a_plan_has_the_academic_year_in_which_it_began_in_england(upgraded: sa.Connection) -> None:
    assert rows(upgraded, "select academic_year from plan") == [(2025,)]  # 31 August, half past eleven at night
    assert rows(upgraded, "select recurs_months from plan_action") == [(12,)]


def test_an_answer_was_confirmed_when_its_status_began_and_not_when_a_note_changed(upgraded: sa.Connection) -> None:
    found = rows(upgraded, "select status, confirmed_on::text from plan_answer order by recorded_from")
    assert found == [("not_answered", None), ("met", "2026-09-02"), ("met", "2026-09-02")]


def test_each_piece_of_evidence_has_one_revision_and_one_use(upgraded: sa.Connection) -> None:
    revisions = rows(
        upgraded,
        "select evidence_id, number, address, storage_key, sha256, effective_from::text from evidence_revision",
    )
    assert sorted(revisions, key=str) == sorted(
        [
            (LINK, 1, "https://x.example", None, None, "2026-09-02"),
            (FILE, 1, None, "evidence/x", "abc", "2026-09-03"),  # past midnight in England
        ],
        key=str,
    )
    uses = rows(upgraded, "select evidence_id, action_id, used_until is null from evidence_use")
    assert set(uses) == {(LINK, ACTION, False), (FILE, ACTION, True)}


def test_records_were_known_since_they_were_made(upgraded: sa.Connection) -> None:
    assert rows(upgraded, "select recorded_from = created_at from staff_member") == [(True,)]
    assert rows(upgraded, "select count(*) from record_history") == [(0,)]


def test_a_weekly_digest_that_was_sent_is_a_line_of_the_ledger(upgraded: sa.Connection) -> None:
    found = rows(
        upgraded, "select person, rule, stage, day::text, to_address, words, state, mail_id from reminder_item"
    )
    assert found == [
        (ACCOUNT, "weekly-digest", "2026-W48", "2026-11-22", "lead@school.example", "One; Two", "uncertain", MAIL)
    ]
    assert rows(upgraded, "select count(*) from reminder") == [(0,)]


def test_the_titles_of_an_edition_s_parts_are_its_parts_in_order_and_its_confirmations_stay(
    upgraded: sa.Connection,
) -> None:
    parts = rows(upgraded, "select title, audience, kind, text, address, sha256 from document_part order by position")
    assert [row[:5] for row in parts] == [(title, [], "whole", None, None) for title in ("Part one", "Annex B")]
    expected = whole_part(document="kcsie", edition="2025", title="Annex B", address="https://x.example")
    assert parts[1][5] == expected["sha256"], "what the service loads again says the same"
    assert rows(upgraded, "select published_on::text, withdrawn_on, school_id, trust_id from document_edition") == [
        ("2025-09-01", None, None, None)
    ]
    assert rows(upgraded, "select confirmed_on::text, source, parts from reading_confirmation") == [
        ("2025-09-20", "recorded", None)
    ]


def test_row_level_security_is_forced_again_everywhere(upgraded: sa.Connection) -> None:
    loose = rows(
        upgraded,
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
        " and not (relrowsecurity and relforcerowsecurity)",
    )
    assert {name for (name,) in loose} == {"account", "alembic_version"}
