"""Documents and editions of a school's or a trust's own: which holds where, and whose confirmation still counts."""

import io
import itertools
import json
import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event, select

from prevent_trust.database import db
from prevent_trust.storage import Storage
from prevent_trust.tenancy import SchoolScope, TrustScope, bind_scope
from tenants.insights.disclosure.catalogue import catalogue
from tenants.insights.disclosure.gather import gather, open_schools
from tenants.insights.measures.known import LONDON
from tenants.insights.measures.reading import reading_coverage, reading_needs
from tenants.insights.subjects import measure_choices, titles_of_subjects
from tenants.organisations.models import School, Trust, TrustMembership
from tenants.reading.actions import record_confirmations, remove_confirmation
from tenants.reading.edition_content import AddressContent, FileContent, PartContent, TextContent
from tenants.reading.models import (
    ConfirmationSource,
    Document,
    DocumentEdition,
    DocumentPart,
    EditionAsks,
    PartKind,
    ReadingConfirmation,
)
from tenants.reading.own_editions import (
    EditionProblem,
    add_part,
    change_part,
    delete_edition,
    move_part,
    publish_edition,
    start_document,
    start_edition,
    take_back,
    withdraw_own,
)
from tenants.reading.own_queries import OwnScope, changes_of, own_edition
from tenants.reading.queries import Owner, document_in_force, documents_in_force, own_documents_of_schools
from tenants.staff.models import StaffMember, StaffRole, StaffRoleHeld
from tests.areas import make_area
from tests.factories import Factory
from tests.processes import Processes

TODAY = datetime.now(LONDON).date()
FIRST = TODAY - timedelta(days=30)
POLICY = "safeguarding-policy"


@pytest.fixture
def trust(make: Factory) -> Trust:
    return make.trust()


@pytest.fixture
def school(make: Factory, trust: Trust) -> School:
    return make.school(trust=trust)


@pytest.fixture
def scope(web: Flask, school: School) -> SchoolScope:
    scope = SchoolScope(school.id)
    bind_scope(scope)
    return scope


@pytest.fixture
def staff(make: Factory, school: School) -> dict[str, StaffMember]:
    return {"teacher": make.staff(school, StaffRole.TEACHING), "dsl": make.staff(school, StaffRole.DSL)}


def storage_of(web: Flask) -> Storage:
    storage: Storage = web.extensions["storage"]
    return storage


Parts = Sequence[tuple[str, PartContent, Sequence[str]]]
FOR_ALL = ("For all", TextContent("Tell the DSL."), ())
FOR_DSLS = ("For DSLs", TextContent("Ring the MASH."), ("dsl",))


def publish(
    scope: OwnScope,
    parts: Parts,
    *,
    label: str,
    key: str = POLICY,
    asks: EditionAsks = EditionAsks.CHANGED,
    same: Sequence[str] = (),
    day: date = TODAY,
) -> uuid.UUID:
    """An edition with these parts, put in force on the day and committed."""
    bind_scope(scope)
    edition = start_edition(
        scope, key=key, label=label, in_force_from=day, from_the_one_before=False, today=day, made_by=None,
        storage=None,  # type: ignore[arg-type]  # nothing is copied
    )  # fmt: skip
    for title, content, audience in parts:
        add_part(scope, edition_id=edition.id, title=title, audience=audience, content=content)
    pages = [part.id for part in edition_parts(scope, edition.id) if part.title in same]
    publish_edition(scope, edition_id=edition.id, asks=asks, same_pages=pages, today=day, published_by=None)
    db.session.commit()
    return edition.id


def edition_parts(scope: OwnScope, edition_id: uuid.UUID) -> Sequence[DocumentPart]:
    edition = own_edition(scope, edition_id)
    assert edition
    return edition.parts


def confirm(scope: SchoolScope, edition_id: uuid.UUID, *people: StaffMember, on: date = TODAY) -> int:
    bind_scope(scope)
    written = record_confirmations(
        scope, staff_ids=[person.id for person in people], edition_id=edition_id, confirmed_on=on,
        source=ConfirmationSource.LINK, recorded_by=None,
    )  # fmt: skip
    db.session.commit()
    return written


def holds(scope: SchoolScope, *, key: str = POLICY, as_at: date = TODAY) -> dict[uuid.UUID, bool]:
    bind_scope(scope)
    found = {need.staff_id: need.holds for need in reading_needs(scope, as_at=as_at) if need.key == key}
    counts = {row.key: (row.numerator, row.denominator) for row in reading_coverage(scope, as_at=as_at)}
    assert counts.get(key, (0, 0)) == (sum(found.values()), len(found)), "the list and the count disagree"
    db.session.rollback()
    return found


def here(scope: SchoolScope, key: str = POLICY, day: date = TODAY) -> tuple[Owner, str]:
    bind_scope(scope)
    document = document_in_force(scope, key, day)
    db.session.rollback()
    assert document
    return document.owner, document.edition


def test_a_schools_edition_holds_before_its_trusts_and_that_before_the_shared_one_and_past_days_stay(
    scope: SchoolScope, make: Factory, school: School, trust: Trust
) -> None:
    sister, stranger = SchoolScope(make.school(trust=trust).id), SchoolScope(make.school().id)
    assert here(scope) == (Owner.SHARED, "2026-27")
    publish(TrustScope(trust.id), [FOR_ALL], label="Trust", day=TODAY - timedelta(days=20))
    publish(scope, [FOR_ALL], label="School", day=TODAY - timedelta(days=10))
    assert here(scope) == (Owner.SCHOOL, "School")
    assert here(sister) == (Owner.TRUST, "Trust")
    assert here(stranger) == (Owner.SHARED, "2026-27")
    assert here(scope, day=TODAY - timedelta(days=11)) == (Owner.TRUST, "Trust")
    assert here(scope, day=TODAY - timedelta(days=21)) == (Owner.SHARED, "2026-27")
    bind_scope(scope)
    assert withdraw_own(scope, key=POLICY, today=TODAY) == 1
    db.session.commit()
    assert here(scope) == (Owner.TRUST, "Trust")
    assert here(scope, day=TODAY - timedelta(days=1)) == (Owner.SCHOOL, "School")


def test_a_school_goes_by_its_trusts_edition_only_for_the_days_on_which_it_is_in_the_trust(
    scope: SchoolScope, make: Factory, school: School, trust: Trust
) -> None:
    make.session.execute(
        sa.update(TrustMembership).where(TrustMembership.school_id == school.id).values(joined_on=TODAY - timedelta(5))
    )
    make.session.commit()
    publish(TrustScope(trust.id), [FOR_ALL], label="Trust", day=TODAY - timedelta(days=20))
    assert here(scope) == (Owner.TRUST, "Trust")
    assert here(scope, day=TODAY - timedelta(days=6)) == (Owner.SHARED, "2026-27")
    make.session.execute(sa.update(TrustMembership).where(TrustMembership.school_id == school.id).values(left_on=TODAY))
    make.session.commit()
    assert here(scope) == (Owner.SHARED, "2026-27")


SAME_FOR_DSLS, OTHER_FOR_DSLS = FOR_DSLS, ("For DSLs", TextContent("Ring the new MASH."), ("dsl",))


@pytest.mark.parametrize(
    ("parts", "asks", "kept"),
    [
        ([FOR_ALL, SAME_FOR_DSLS], EditionAsks.CHANGED, {"teacher", "dsl"}),
        ([FOR_ALL, SAME_FOR_DSLS], EditionAsks.EVERYBODY, set()),
        ([FOR_ALL, OTHER_FOR_DSLS], EditionAsks.CHANGED, {"teacher"}),
        ([FOR_ALL, OTHER_FOR_DSLS], EditionAsks.EVERYBODY, set()),
        ([("For all", TextContent("Tell anybody."), ()), SAME_FOR_DSLS], EditionAsks.CHANGED, set()),
        ([FOR_ALL, SAME_FOR_DSLS, ("More", TextContent("New."), ("dsl",))], EditionAsks.CHANGED, {"teacher"}),
        # What was for DSLs is for everybody now: the teacher has not read it.
        ([FOR_ALL, ("For all, too", FOR_DSLS[1], ())], EditionAsks.CHANGED, {"dsl"}),
        # Other titles, another order, a part less: nothing that anybody reads is new.
        ([("Renamed", FOR_DSLS[1], ("dsl",)), FOR_ALL], EditionAsks.CHANGED, {"teacher", "dsl"}),
        ([FOR_ALL], EditionAsks.CHANGED, {"teacher", "dsl"}),
    ],
)
def test_only_those_for_whom_a_part_is_new_or_changed_are_asked_again_if_the_lead_says_so(
    scope: SchoolScope, staff: dict[str, StaffMember], parts: Parts, asks: EditionAsks, kept: set[str]
) -> None:
    first = publish(scope, [FOR_ALL, FOR_DSLS], label="1", day=FIRST)
    assert confirm(scope, first, *staff.values(), on=FIRST) == 2
    publish(scope, parts, label="2", asks=asks)
    found = holds(scope)
    assert {name for name, person in staff.items() if found[person.id]} == kept
    assert len(found) == 2


def test_a_carried_confirmation_says_where_it_was_given_and_goes_with_it(
    scope: SchoolScope, make: Factory, staff: dict[str, StaffMember]
) -> None:
    first = publish(scope, [FOR_ALL], label="1", day=FIRST)
    confirm(scope, first, staff["teacher"], on=FIRST)
    publish(scope, [FOR_ALL], label="2", day=TODAY - timedelta(days=1))
    publish(scope, [("Renamed", FOR_ALL[1], ())], label="3")
    rows = make.session.scalars(select(ReadingConfirmation).order_by(ReadingConfirmation.created_at)).all()
    assert [row.source for row in rows] == [ConfirmationSource.LINK, *[ConfirmationSource.CARRIED] * 2]
    assert {row.carried_from_id for row in rows[1:]} == {rows[0].id}, "both point at what was confirmed"
    assert {row.confirmed_on for row in rows} == {FIRST}
    assert len({row.edition_sha256 for row in rows}) == 3
    assert holds(scope)[staff["teacher"].id]
    bind_scope(scope)
    remove_confirmation(scope, confirmation_id=rows[0].id)
    db.session.commit()
    assert not any(holds(scope).values())


@pytest.mark.parametrize("carried", [True, False])
def test_whose_roles_come_to_read_more_is_missing_until_they_have_confirmed_that_too(
    scope: SchoolScope, make: Factory, school: School, staff: dict[str, StaffMember], carried: bool
) -> None:
    teacher = staff["teacher"]
    edition = publish(scope, [FOR_ALL, FOR_DSLS], label="1", day=FIRST)
    confirm(scope, edition, teacher, on=FIRST)
    if carried:
        edition = publish(scope, [FOR_ALL, FOR_DSLS], label="2")
    assert holds(scope)[teacher.id]
    make.add(StaffRoleHeld(school_id=school.id, staff_id=teacher.id, role=StaffRole.DSL, from_on=TODAY))
    assert not holds(scope)[teacher.id]
    assert confirm(scope, edition, teacher, on=FIRST) == 0, "on that day there was no more to read"
    assert not holds(scope)[teacher.id]
    assert confirm(scope, edition, teacher) == 1
    assert holds(scope)[teacher.id]


def test_confirming_more_leaves_past_days_as_they_were_known(
    scope: SchoolScope, make: Factory, school: School, staff: dict[str, StaffMember]
) -> None:
    teacher, yesterday = staff["teacher"], TODAY - timedelta(days=1)
    edition = publish(scope, [FOR_ALL, FOR_DSLS], label="1", day=FIRST)
    for_all = next(part.id for part in edition_parts(scope, edition) if part.title == "For all")
    values = {"document_edition_id": edition, "confirmed_on": FIRST, "parts": [for_all]}
    make.add(ReadingConfirmation(school_id=school.id, staff_id=teacher.id, **values))
    make.add(StaffRoleHeld(school_id=school.id, staff_id=teacher.id, role=StaffRole.DSL, from_on=TODAY))
    for confirmed in (False, True):
        assert holds(scope)[teacher.id] is confirmed
        assert holds(scope, as_at=yesterday)[teacher.id]
        assert not holds(scope, as_at=FIRST)[staff["dsl"].id]
        confirm(scope, edition, teacher)


def test_what_was_confirmed_before_parts_were_kept_counts_for_the_whole_and_is_carried_nowhere(
    scope: SchoolScope, make: Factory, staff: dict[str, StaffMember]
) -> None:
    make.confirmation(staff["dsl"], POLICY)
    assert holds(scope)[staff["dsl"].id]
    publish(scope, [FOR_ALL], label="Ours")
    assert not any(holds(scope).values())


@pytest.mark.parametrize(("same", "kept"), [((), False), (("Elsewhere",), True)])
def test_a_page_elsewhere_counts_as_changed_unless_the_lead_says_that_it_is_not(
    scope: SchoolScope, staff: dict[str, StaffMember], same: Sequence[str], kept: bool
) -> None:
    page = ("Elsewhere", AddressContent("https://school.example/policy"), ())
    first = publish(scope, [page], label="1", day=FIRST)
    confirm(scope, first, staff["teacher"], on=FIRST)
    publish(scope, [page], label="2", same=same)
    assert holds(scope)[staff["teacher"].id] is kept


def test_a_trusts_new_edition_carries_at_all_its_schools_that_went_by_the_one_before(
    scope: SchoolScope, make: Factory, trust: Trust, staff: dict[str, StaffMember]
) -> None:
    sister, own = make.school(trust=trust), make.school(trust=trust)
    people = {place.id: make.staff(place, StaffRole.TEACHING) for place in (sister, own)}
    whole = TrustScope(trust.id)
    first = publish(whole, [FOR_ALL], label="1", day=FIRST)
    confirm(scope, first, staff["teacher"], on=FIRST)
    confirm(SchoolScope(sister.id), first, people[sister.id], on=FIRST)
    confirm(SchoolScope(own.id), first, people[own.id], on=FIRST)
    publish(SchoolScope(own.id), [("Ours", TextContent("Another"), ())], label="Own", day=FIRST)
    publish(whole, [FOR_ALL], label="2")
    assert holds(scope) == {staff["teacher"].id: True, staff["dsl"].id: False}
    assert holds(SchoolScope(sister.id)) == {people[sister.id].id: True}
    assert holds(SchoolScope(own.id)) == {people[own.id].id: False}
    carried = make.session.scalars(
        select(ReadingConfirmation.school_id).where(ReadingConfirmation.source == ConfirmationSource.CARRIED)
    ).all()
    assert set(carried) == {scope.school_id, sister.id}
    bind_scope(whole)
    assert {key: [each.edition for each in found] for key, found in own_documents_of_schools(whole, TODAY).items()} == {
        own.id: ["Own"]
    }


def test_an_edition_is_taken_back_until_somebody_has_confirmed_it(
    scope: SchoolScope, staff: dict[str, StaffMember], web: Flask
) -> None:
    first = publish(scope, [FOR_ALL], label="1", day=FIRST)
    confirm(scope, first, staff["teacher"], on=FIRST)
    second = publish(scope, [FOR_ALL], label="2")
    bind_scope(scope)
    take_back(scope, edition_id=second, today=TODAY)
    db.session.commit()
    assert here(scope) == (Owner.SCHOOL, "1")
    bind_scope(scope)
    (part,) = edition_parts(scope, second)
    change_part(
        scope, edition_id=second, part_id=part.id, title="For all", audience=(), content=TextContent("Other words."),
        storage=storage_of(web),
    )  # fmt: skip
    (changed,) = edition_parts(scope, second)
    assert changed.id != part.id, "no confirmation of the words before counts for it"
    publish_edition(scope, edition_id=second, asks=EditionAsks.CHANGED, same_pages=(), today=TODAY, published_by=None)
    db.session.commit()
    assert not any(holds(scope).values())
    confirm(scope, second, staff["dsl"])
    bind_scope(scope)
    with pytest.raises(EditionProblem, match="Follow it by a new one"):
        take_back(scope, edition_id=second, today=TODAY)
    with pytest.raises(EditionProblem, match="not being written"):
        delete_edition(scope, edition_id=second, storage=storage_of(web))


def test_an_edition_that_has_been_in_force_is_corrected_in_a_copy_and_past_days_stay(
    scope: SchoolScope, staff: dict[str, StaffMember]
) -> None:
    yesterday = TODAY - timedelta(days=1)
    first = publish(scope, [FOR_ALL], label="1", day=FIRST)
    confirm(scope, first, staff["teacher"], on=FIRST)
    second = publish(scope, [FOR_ALL, FOR_DSLS], label="2", day=yesterday)
    bind_scope(scope)
    copy = take_back(scope, edition_id=second, today=TODAY)
    assert copy.id != second
    db.session.commit()
    assert here(scope) == (Owner.SCHOOL, "1")
    assert here(scope, day=yesterday) == (Owner.SCHOOL, "2")
    bind_scope(scope)
    publish_edition(scope, edition_id=copy.id, asks=EditionAsks.CHANGED, same_pages=(), today=TODAY, published_by=None)
    db.session.commit()
    assert here(scope) == (Owner.SCHOOL, "2, corrected")
    assert holds(scope) == {staff["teacher"].id: True, staff["dsl"].id: False}


def test_nobody_can_confirm_an_edition_that_is_being_written(
    scope: SchoolScope, staff: dict[str, StaffMember], make: Factory
) -> None:
    edition = publish(scope, [FOR_ALL], label="1")
    bind_scope(scope)
    take_back(scope, edition_id=edition, today=TODAY)
    db.session.commit()
    assert confirm(scope, edition, staff["teacher"]) == 0
    assert make.session.scalars(select(ReadingConfirmation)).all() == []


def test_an_edition_begun_from_the_trusts_has_its_own_copy_of_a_file_and_is_the_same_to_read(
    scope: SchoolScope, staff: dict[str, StaffMember], trust: Trust, web: Flask
) -> None:
    storage, whole = storage_of(web), TrustScope(trust.id)
    stored = storage.save(io.BytesIO(b"%PDF-1.7 policy"), key=f"evidence/{trust.id}/{uuid.uuid4()}")
    file = FileContent(stored.key, "policy.pdf", "application/pdf", stored.size, stored.sha256)
    first = publish(whole, [("Policy", file, ()), FOR_ALL], label="1", day=FIRST)
    confirm(scope, first, staff["teacher"], on=FIRST)
    bind_scope(scope)
    edition = start_edition(
        scope, key=POLICY, label="Ours", in_force_from=TODAY, from_the_one_before=True, today=TODAY, made_by=None,
        storage=storage,
    )  # fmt: skip
    edition = own_edition(scope, edition.id) or edition
    assert [part.title for part in edition.parts] == ["Policy", "For all"]
    assert edition.parts[0].storage_key != stored.key
    _, changed = changes_of(scope, edition, today=TODAY)
    assert changed.is_nothing
    move_part(scope, edition_id=edition.id, part_id=edition.parts[1].id, by=-1)
    assert (
        publish_edition(
            scope, edition_id=edition.id, asks=EditionAsks.CHANGED, same_pages=(), today=TODAY, published_by=None
        )
        == 1
    )
    db.session.commit()
    assert holds(scope) == {staff["teacher"].id: True, staff["dsl"].id: False}


def test_a_document_of_ones_own_is_for_its_audience_and_goes_with_its_only_edition(
    scope: SchoolScope, staff: dict[str, StaffMember], web: Flask
) -> None:
    bind_scope(scope)
    edition = start_document(
        scope, title="Code of conduct", audience=["dsl"], label="1", in_force_from=TODAY, made_by=None
    )
    key = edition.document.key
    with pytest.raises(EditionProblem, match="no parts"):
        publish_edition(
            scope, edition_id=edition.id, asks=EditionAsks.EVERYBODY, same_pages=(), today=TODAY, published_by=None
        )
    add_part(scope, edition_id=edition.id, title="Code", audience=(), content=TextContent("Be kind."))
    with pytest.raises(EditionProblem, match="still to come"):
        publish_edition(
            scope, edition_id=edition.id, asks=EditionAsks.EVERYBODY, same_pages=(), today=TODAY - timedelta(1),
            published_by=None,
        )  # fmt: skip
    publish_edition(
        scope, edition_id=edition.id, asks=EditionAsks.EVERYBODY, same_pages=(), today=TODAY, published_by=None
    )
    db.session.commit()
    assert holds(scope, key=key) == {staff["dsl"].id: False}
    bind_scope(scope)
    take_back(scope, edition_id=edition.id, today=TODAY)
    delete_edition(scope, edition_id=edition.id, storage=storage_of(web))
    db.session.commit()
    bind_scope(scope)
    assert key not in {each.key for each in documents_in_force(scope, TODAY)}


def test_what_is_in_force_takes_as_many_queries_for_twelve_schools_as_for_two(
    web: Flask, make: Factory, trust: Trust
) -> None:
    whole = TrustScope(trust.id)

    def queries() -> int:
        bind_scope(whole)
        db.session.rollback()
        counted = itertools.count()
        connection = db.session.connection()
        listener: Callable[..., object] = lambda *of_the_event: next(counted)  # noqa: E731
        event.listen(connection, "before_cursor_execute", listener)
        reading_coverage(whole, as_at=TODAY)
        own_documents_of_schools(whole, TODAY)
        event.remove(connection, "before_cursor_execute", listener)
        db.session.rollback()
        return next(counted)

    def grow(count: int) -> None:
        for _ in range(count):
            place = make.school(trust=trust)
            make.staff(place, StaffRole.TEACHING)
            publish(SchoolScope(place.id), [FOR_ALL], label="Own")

    grow(2)
    few = queries()
    grow(10)
    assert queries() == few


@pytest.fixture
def waiting(scope: SchoolScope, staff: dict[str, StaffMember]) -> uuid.UUID:
    """An edition that says what the one before said, which both have confirmed, and is not in force yet."""
    first = publish(scope, [FOR_ALL], label="1", day=FIRST)
    confirm(scope, first, *staff.values(), on=FIRST)
    bind_scope(scope)
    edition = start_edition(
        scope, key=POLICY, label="2", in_force_from=TODAY, from_the_one_before=False, today=TODAY, made_by=None,
        storage=None,  # type: ignore[arg-type]  # nothing is copied
    )  # fmt: skip
    add_part(scope, edition_id=edition.id, title="Words", audience=(), content=FOR_ALL[1])
    db.session.commit()
    return edition.id


def putting_in_force(scope: SchoolScope, edition_id: uuid.UUID) -> Callable[[], object]:
    def work() -> None:
        bind_scope(scope)
        publish_edition(
            scope, edition_id=edition_id, asks=EditionAsks.CHANGED, same_pages=(), today=TODAY, published_by=None
        )
        db.session.commit()

    return work


def carried_to(make: Factory, edition_id: uuid.UUID) -> int:
    make.session.rollback()
    return len(make.session.scalars(select(ReadingConfirmation).filter_by(document_edition_id=edition_id)).all())


def test_killed_before_any_step_nothing_is_in_force_and_nothing_carried_and_done_again_each_is_carried_once(
    scope: SchoolScope, make: Factory, waiting: uuid.UUID, processes: Processes
) -> None:
    work, points = putting_in_force(scope, waiting), 0
    for number in itertools.count(1):
        if not processes.dies(work, before_step=number):
            break
        points += 1
        assert carried_to(make, waiting) == 0
        assert here(scope)[1] == "1"
    assert points > 6
    assert carried_to(make, waiting) == 2
    assert here(scope)[1] == "2"
    assert make.session.scalars(select(DocumentEdition.asks).filter_by(id=waiting)).one() is EditionAsks.CHANGED


def test_of_two_who_put_it_in_force_at_once_one_does(
    scope: SchoolScope, make: Factory, waiting: uuid.UUID, processes: Processes
) -> None:
    work = putting_in_force(scope, waiting)
    assert processes.at_once(work, work).count(0) == 1
    assert carried_to(make, waiting) == 2


def test_the_worker_that_plans_for_an_authority_knows_own_documents_and_a_release_leaves_them_out(
    worker: Flask, make: Factory
) -> None:
    area = make_area(make, schools=2)
    place = area.schools[0]
    owner, long_ago = {"school_id": place.id}, date(2026, 9, 1)
    document = make.add(Document(key=f"own-{uuid.uuid4().hex}", title="Secret garden", **owner))
    own = make.add(
        DocumentEdition(document_id=document.id, label="1", in_force_from=long_ago, published_on=long_ago, **owner)
    )
    make.add(
        DocumentPart(
            document_edition_id=own.id, position=0, title="P", kind=PartKind.TEXT, text="x", sha256="0", **owner
        )
    )
    bind_scope(area.scope)
    day = area.term.last_day
    assert document.key in {row.key for row in reading_coverage(area.scope, as_at=day)}
    assert titles_of_subjects(area.scope)[document.key] == "Secret garden"
    assert document.key not in {name.removeprefix("reading:") for name, _ in measure_choices(area.scope)}
    figures = gather(
        area.scope,
        term=area.term,
        area=open_schools(area.scope, day),
        schools=[each.id for each in area.schools],
        catalogue=catalogue(),
        phases=None,
    )
    said = json.dumps(figures.as_json())
    assert "kcsie-part-one" in said
    assert document.key not in said
    assert "Secret garden" not in said
