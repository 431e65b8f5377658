"""Groups of authorities: their releases added up, protected together with all that is out, read by the officers of each."""

import json
import uuid

import pytest
from flask import Flask
from sqlalchemy import select

from prevent_trust.database import db
from prevent_trust.released import released_to
from prevent_trust.tenancy import PlatformScope, SchoolScope, bind_scope
from tenants.access.models import Role
from tenants.insights.disclosure.auditor.process import audit_documents
from tenants.insights.disclosure.drafting import make_requested_draft
from tenants.insights.disclosure.groups import NotAGroup, groups_ready, save_group
from tenants.insights.disclosure.ledger import ledger_size, linked_releases
from tenants.insights.disclosure.models import DraftState, ReleaseDraft, ReleaseValue
from tenants.insights.disclosure.publishing import CannotDecide, approve, carry_out, tell_officers, withdraw
from tenants.insights.disclosure.queries import latest_release, published_release, release_list
from tenants.insights.disclosure.requests import ask
from tenants.insights.disclosure.review import releases_with
from tenants.insights.disclosure.rollup import TooFewReleases
from tenants.insights.disclosure.types import PublishedRelease
from tests.areas import AUTUMN, RULES, Area, draft, group_draft, make_area, make_group, publish, publish_group, release
from tests.factories import Factory

SCHOOLS = (12, 11, 10)


@pytest.fixture
def areas(make: Factory, worker: Flask) -> list[Area]:
    """Three authorities, whose releases of the autumn are out."""
    found = [make_area(make, schools=number) for number in SCHOOLS]
    for area in found:
        release(make, area)
    return found


def read(area: Area, release_id: uuid.UUID) -> PublishedRelease:
    with released_to(area.scope) as session:
        found = published_release(session, area.scope, release_id)
    assert found is not None
    return found


def test_a_group_s_release_adds_up_those_of_its_authorities_for_their_officers_and_nothing_more_becomes_known(
    make: Factory, areas: list[Area]
) -> None:
    made = group_draft(make_group(make, areas))
    assert made is not None
    kept = db.session.get_one(ReleaseDraft, made)
    assert (kept.state, kept.problem, kept.ledger) == (DraftState.AWAITING, None, 3)
    values = db.session.scalars(select(ReleaseValue).where(ReleaseValue.draft_id == made)).one()
    total = sum(SCHOOLS)
    assert len(values.figures["classes"]) == total
    documents = [dict(each.for_auditor) for each in linked_releases([area.authority.id for area in areas])]
    assert len(documents) == 3
    assert audit_documents([*documents, values.for_auditor]).passed
    # Whatever an authority's release hid stays open also for whoever has all four.
    hidden = {key for each in documents for key, said in each["cells"].items() if said.get("symbol") == "c"}
    found = audit_documents([*documents, values.for_auditor])
    assert hidden
    assert all(found.intervals[key].high - found.intervals[key].low >= 5 for key in hidden if key in found.intervals)

    out = read(areas[0], publish_group(make, made))
    authorities = out.content.table("authorities")
    assert authorities is not None
    assert sorted(row.cells[1].text for row in authorities.rows) == ["10", "11", "12"]
    training = out.content.table("training")
    assert training is not None
    assert training.rows[0].cells[0].text == str(total * 6)
    assert out.content.table("referrals") is None  # once a year
    assert "Referrals" in {title for title, _ in out.content.waiting}
    text = json.dumps(kept.document)
    assert not any(secret in text for area in areas for secret in area.secrets)

    _is_read_by_those_it_is_for(make, areas, made, out.summary.id)
    _counts_for_a_table_that_is_asked_for_afterwards(make, areas)


def _is_read_by_those_it_is_for(make: Factory, areas: list[Area], drafted: uuid.UUID, released: uuid.UUID) -> None:
    """The officers of each authority and the schools in it, and nobody else."""
    outside = make_area(make, schools=1)
    for area in (areas[0], outside):
        make.member(Role.AUTHORITY_OFFICER, area.authority)
    for area in areas:
        with released_to(area.scope) as session:
            listed = {each.id: each for each in release_list(session, area.scope)}
            latest = latest_release(session, area.scope)
        assert (listed[released].owner, listed[released].is_of_group) == ("Fens", True)
        assert latest is not None
        assert not latest.summary.is_of_group  # the overview stays the authority's own
        scope = SchoolScope(area.schools[2].id)
        bind_scope(scope)
        assert (area.authority.id, released) in releases_with(scope)
    with released_to(outside.scope) as session:
        assert release_list(session, outside.scope) == []
        assert published_release(session, outside.scope, released) is None
    bind_scope(PlatformScope())
    day = AUTUMN.next.first_day
    assert tell_officers(PlatformScope(), draft_id=drafted, base_url="https://x.example", today=day) == 1


def _counts_for_a_table_that_is_asked_for_afterwards(make: Factory, areas: list[Area]) -> None:
    scope = areas[0].scope
    assert {ledger_size([area.authority.id]) for area in areas} == {4}
    officer = make.member(Role.AUTHORITY_OFFICER, areas[0].authority).id
    bind_scope(scope)
    asked = ask(scope, account_id=officer, term=AUTUMN.key, subject="sections", by=["phase"], purpose="To plan").id
    db.session.commit()
    requested = make_requested_draft(scope, request_id=asked, rules=RULES)
    db.session.commit()
    assert requested is not None
    assert db.session.get_one(ReleaseDraft, requested).ledger == 4


def test_a_group_s_draft_is_for_somebody_else_to_approve_and_overtaken_by_an_authority_s_next_release(
    make: Factory, areas: list[Area]
) -> None:
    officer, publisher = make.member(Role.AUTHORITY_OFFICER, areas[2].authority).id, make.account().id
    key = make_group(make, areas)
    made = group_draft(key)
    assert made is not None
    bind_scope(PlatformScope())
    with pytest.raises(CannotDecide, match="officer"):
        approve(PlatformScope(), draft_id=made, account_id=officer)
    later = draft(areas[1], term=AUTUMN.next)
    assert later is not None
    publish(make, areas[1], later)
    bind_scope(PlatformScope())
    approve(PlatformScope(), draft_id=made, account_id=publisher)
    db.session.commit()
    assert "Make it again" in carry_out(PlatformScope(), draft_id=made)
    assert db.session.get_one(ReleaseDraft, made).state is DraftState.OVERTAKEN
    again = group_draft(key)
    assert again is not None
    _withdraw_first(areas[0], publisher)
    bind_scope(PlatformScope())
    approve(PlatformScope(), draft_id=again, account_id=publisher)
    db.session.commit()
    assert "was withdrawn" in carry_out(PlatformScope(), draft_id=again)
    assert db.session.get_one(ReleaseDraft, again).state is DraftState.OVERTAKEN


def _withdraw_first(area: Area, publisher: uuid.UUID) -> None:
    bind_scope(PlatformScope())
    out = select(ReleaseDraft.id).where(ReleaseDraft.authority_id == area.authority.id)
    drafted = db.session.scalars(out).one()
    withdraw(PlatformScope(), draft_id=drafted, account_id=publisher, note="A fault")
    db.session.commit()
    bind_scope(area.scope)
    carry_out(area.scope, draft_id=drafted)
    db.session.commit()


def test_a_group_waits_until_enough_of_its_authorities_have_a_release(make: Factory, worker: Flask) -> None:
    areas = [make_area(make, schools=1) for _ in SCHOOLS]
    key = make_group(make, areas)
    with pytest.raises(TooFewReleases, match="0 of the 3"):
        group_draft(key)
    bind_scope(PlatformScope())
    assert groups_ready(PlatformScope(), term=AUTUMN) == []


def test_a_group_needs_a_name_of_its_own_and_three_authorities(make: Factory, worker: Flask) -> None:
    keys = [make.authority().id for _ in range(3)]
    account = make.account().id
    bind_scope(PlatformScope())

    def save(name: str, authorities: list[uuid.UUID]) -> None:
        save_group(PlatformScope(), group_id=None, name=name, authorities=authorities, account_id=account)

    with pytest.raises(NotAGroup, match="at least 3"):
        save("Two", keys[:2])
    with pytest.raises(NotAGroup, match="what the group is called"):
        save(" ", keys)
    save("Three", keys)
    with pytest.raises(NotAGroup, match="that name already"):
        save("Three", keys)
