"""The register's downloads, from file to rows."""

import io
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from prevent_trust.database import db
from prevent_trust.tenancy import PlatformScope, SchoolScope, bind_scope, scope_bound
from tenants.imports.gias.apply import GiasResult, apply_gias
from tenants.imports.gias.reader import GiasKind, read_gias
from tenants.imports.tabular.table import TableError
from tenants.organisations.models import FormerUrn, LocalAuthority, School, SchoolStatus, Trust, TrustMembership
from tenants.staff.models import StaffMember
from tests.factories import Factory

TODAY = date(2026, 11, 23)
HEADER = "URN,LA (code),LA (name),EstablishmentName,EstablishmentStatus (name),OpenDate,NumberOfPupils,Trusts (code)"
LINKS = "URN,Group UID,Group ID,Group Name,Companies House Number,Group Type (code),Closed Date,Joined date"

Import = Callable[..., GiasResult]


@pytest.fixture
def run_import(worker: Flask) -> Import:
    def run(*lines: str, encoding: str = "cp1252") -> GiasResult:
        bind_scope(PlatformScope())
        stream = io.BytesIO("\r\n".join(lines).encode(encoding))
        result = apply_gias(read_gias(stream, file_name="download.csv"), today=TODAY)
        db.session.commit()
        return result

    return run


def test_establishments_and_their_authority_are_added(run_import: Import) -> None:
    result = run_import(HEADER, "110602,873,Fenshire,St Zoë’s School,Open,01-09-1990,210,")
    school = db.session.scalars(select(School)).one()
    assert (school.urn, school.name, school.authority.code) == (110602, "St Zoë’s School", "873")
    assert (school.opened_on, school.pupils, school.status) == (date(1990, 9, 1), 210, SchoolStatus.OPEN)
    assert (result.schools_added, result.authorities_added) == (1, 1)


def test_the_same_file_twice_changes_nothing(run_import: Import) -> None:
    lines = (HEADER, "110602,873,Fenshire,Mill School,Open,01/09/1990,210,", "110603,873,Fenshire,Fen School,Closed,,,")
    assert run_import(*lines).changed > 0
    assert run_import(*lines).changed == 0


def test_a_school_that_closes_is_kept_and_marked(run_import: Import) -> None:
    run_import(HEADER, "110602,873,Fenshire,Mill School,Open,,210,")
    result = run_import(HEADER, "110602,873,Fenshire,Mill School,Closed,,,")
    school = db.session.scalars(select(School)).one()
    assert (result.schools_closed, school.status, school.pupils) == (1, SchoolStatus.CLOSED, 210)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("11060,873,Fenshire,Mill,Open,,1,", "URN", "is not a URN: six digits"),
        ("110602,873,Fenshire,,Open,,1,", "EstablishmentName", "is empty"),
        ("110602,873,Fenshire,Mill,Ajar,,1,", "EstablishmentStatus (name)", "is none of"),
        ("110602,873,Fenshire,Mill,Open,31-02-2020,1,", "OpenDate", "is not a date"),
        ("110602,873,Fenshire,Mill,Open,,many,", "NumberOfPupils", "is not a whole number"),
    ],
)
def test_a_bad_row_is_reported_by_line_and_column_and_the_rest_goes_in(
    run_import: Import, row: str, column: str, reason: str
) -> None:
    result = run_import(HEADER, row, "110603,873,Fenshire,Fen School,Open,,,")
    (rejection,) = result.rejections
    assert (rejection.line, rejection.column) == (2, column)
    assert reason in rejection.reason
    assert db.session.scalars(select(School.urn)).all() == [110603]


def test_a_column_that_the_download_lacks_leaves_what_is_known(run_import: Import) -> None:
    run_import(HEADER, "110602,873,Fenshire,Mill School,Open,01-09-1990,210,")
    run_import("URN,EstablishmentName,LA (code),LA (name)", "110602,Mill Academy,873,Fenshire")
    school = db.session.scalars(select(School)).one()
    assert (school.name, school.pupils, school.opened_on) == ("Mill Academy", 210, date(1990, 9, 1))


def test_pupil_numbers_alone_update_schools_that_are_there(run_import: Import) -> None:
    run_import(HEADER, "110602,873,Fenshire,Mill School,Open,,210,")
    result = run_import("URN,NumberOfPupils", "110602,199", "110999,50")
    assert db.session.scalars(select(School.pupils)).all() == [199]
    assert (result.kind, result.schools_changed) == (GiasKind.PUPIL_NUMBERS, 1)


def test_group_links_make_memberships_and_keep_history(run_import: Import) -> None:
    run_import(HEADER, "110602,873,Fenshire,Mill School,Open,,210,")
    run_import(LINKS, "110602,2001,TR1,First Trust,7318714,06,,01/09/2015")
    result = run_import(LINKS, "110602,2002,TR2,Second Trust,,6,,01-09-2020")
    rows = db.session.execute(
        select(Trust.name, TrustMembership.joined_on, TrustMembership.left_on)
        .join(TrustMembership)
        .order_by(TrustMembership.joined_on)
    ).all()
    assert [tuple(row) for row in rows] == [
        ("First Trust", date(2015, 9, 1), date(2020, 9, 1)),
        ("Second Trust", date(2020, 9, 1), None),
    ]
    assert (result.memberships_begun, result.memberships_ended) == (1, 1)
    assert db.session.scalar(select(Trust.companies_house_number).where(Trust.group_uid == "2001")) == "07318714"


def test_an_old_links_file_does_not_undo_a_newer_membership(run_import: Import) -> None:
    run_import(HEADER, "110602,873,Fenshire,Mill School,Open,,210,")
    run_import(LINKS, "110602,2002,TR2,Second Trust,,6,,01-09-2020")
    old = (LINKS, "110602,2001,TR1,First Trust,,06,,01/09/2015")
    run_import(*old)
    current = db.session.scalars(
        select(Trust.name).join(TrustMembership).where(TrustMembership.left_on.is_(None))
    ).all()
    assert current == ["Second Trust"]
    assert run_import(*old).changed == 0


def test_sponsors_and_federations_are_left_aside(run_import: Import) -> None:
    result = run_import(LINKS, "110602,9,,A Diocese,,School sponsor,,01/09/2015")
    assert (result.left_aside, result.rejections, result.changed) == (1, [], 0)


def test_a_successor_keeps_its_predecessor_s_records(run_import: Import, make: Factory) -> None:
    authority = make.authority(code="873")
    school = make.school(authority=authority, urn=110602, name="Mill School", status=SchoolStatus.CLOSED)
    make.staff(school, family_name="Stays")
    make.school(authority=authority, urn=149000, name="Mill Academy")
    result = run_import(
        "URN,LinkURN,LinkName,LinkType,LinkEstablishedDate", "149000,110602,Mill,Predecessor,01/04/2026"
    )
    kept = db.session.scalars(select(School)).one()
    assert (result.successions, kept.id, kept.urn, kept.name) == (1, school.id, 149000, "Mill Academy")
    assert db.session.scalars(select(FormerUrn.urn)).all() == [110602]
    with scope_bound(SchoolScope(school.id)):
        assert db.session.scalars(select(StaffMember.family_name)).all() == ["Stays"]


def test_the_predecessor_s_row_does_not_bring_the_school_back(run_import: Import, make: Factory) -> None:
    school = make.school(urn=149000)
    make.add(FormerUrn(school_id=school.id, urn=110602))
    run_import(HEADER, "110602,873,Fenshire,Mill School,Closed,,210,")
    assert db.session.scalars(select(School.urn)).all() == [149000]


def test_two_schools_that_both_have_records_are_not_merged(run_import: Import, make: Factory) -> None:
    make.staff(make.school(urn=110602))
    make.staff(make.school(urn=149000))
    result = run_import("URN,LinkURN,LinkType", "149000,110602,Predecessor")
    assert "both have records" in result.rejections[0].reason
    assert db.session.scalar(select(func.count()).select_from(School)) == 2


def test_a_file_that_is_no_download_is_refused_in_words(run_import: Import) -> None:
    with pytest.raises(TableError, match="No header row"):
        run_import("Name,Age", "Ada,36")


def test_the_real_cambridgeshire_download_goes_in(worker: Flask, shared: Path) -> None:
    bind_scope(PlatformScope())
    folder = shared / "data" / "gias"
    for name, rows in (
        ("edubaseallstatefunded20250717-cambridgeshire.csv", 270),
        ("edubaseallacademiesandfree20250717-demat.csv", 22),
        ("grouplinks20170403-demat.csv", None),
        ("pupil-numbers-20231116-cambridgeshire.csv", 529),
        ("edubasealldata-sample.csv", 99),
        ("allgroupsdata-sample.csv", None),
        ("alllinksdata-sample.csv", None),
    ):
        with (folder / name).open("rb") as stream:
            result = apply_gias(read_gias(stream, file_name=name), today=TODAY)
        assert rows is None or result.rows + len(result.rejections) >= rows, name
        db.session.commit()
    in_cambridgeshire = (
        select(func.count()).select_from(School).join(LocalAuthority).where(LocalAuthority.code == "873")
    )
    assert db.session.scalar(in_cambridgeshire) >= 270
    assert db.session.scalar(select(School.pupils).where(School.urn == 110602))
