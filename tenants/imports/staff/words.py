"""The words that schools' systems use for columns and posts, as data."""

from tenants.staff.models import StaffRole

# In lower case, everything but letters and digits a space. The likeliest first.
COLUMN_WORDS: dict[str, tuple[str, ...]] = {
    "full_name": ("full name", "name", "staff name", "employee name", "legal name", "staff member", "display name"),
    "given_name": (
        "forename", "first name", "given name", "preferred forename", "chosen forename", "legal forename",
        "legal first name", "preferred first name", "firstname", "forename s",
    ),
    "family_name": (
        "surname", "last name", "family name", "legal surname", "preferred surname", "chosen surname",
        "legal last name", "lastname",
    ),
    "email": (
        "work email", "email", "e mail", "work email address", "email address", "school email", "primary email",
        "work e mail", "e mail address",
    ),
    "staff_code": (
        "staff code", "payroll number", "payroll no", "employee number", "employee id", "staff id", "employee no",
        "staff number", "contract id", "payroll id", "initials code", "mis id", "arbor staff id",
    ),
    "trn": (
        "trn", "teacher reference number", "teacher number", "teacher ref", "teacher ref no", "teacher reference",
        "dfe number teacher", "qts number",
    ),
    "role": (
        "role", "job title", "post", "position", "roles", "staff role", "job role", "post title", "business role",
        "post description", "contract post",
    ),
    "starts_on": (
        "start date", "employment start", "date started", "joined", "joining date", "date of joining", "date joined",
        "contract start date", "employment start date", "date of arrival", "started", "start",
    ),
    "leaves_on": (
        "leaving date", "end date", "employment end", "date left", "date of leaving", "leaver date", "leave date",
        "contract end date", "employment end date", "left",
    ),
    "school": (
        "urn", "school urn", "establishment urn", "academy urn", "ukprn", "school", "school name", "establishment",
        "establishment name", "academy", "academy name", "site", "work location", "location", "base",
    ),
}  # fmt: skip

SENSITIVE_WORDS = (
    "birth", "dob", "upn", "national insurance", "ni number", "ni no", "nino", "gender", "ethnic", "religion",
    "disab", "salary", "bank", "home address", "home phone", "next of kin", "dbs", "sexual", "nationality",
)  # fmt: skip

# Each pattern is looked for in one part of a job title, in the same plain form as the columns.
ROLE_WORDS: dict[StaffRole, tuple[str, ...]] = {
    StaffRole.PREVENT_LEAD: (r"\bprevent( duty)? (lead|officer|coordinator|co ordinator)\b",),
    StaffRole.DSL: (r"\bdsl\b", r"\bdesignated safeguarding (lead|officer)\b", r"^safeguarding lead\b"),
    StaffRole.DEPUTY_DSL: (
        r"\bddsl\b", r"\bdeputy (dsl|designated safeguarding|safeguarding lead)", r"\bdsl deputy\b",
    ),
    StaffRole.HEADTEACHER: (
        r"^(executive |acting |interim )*(head ?teacher|head of school|principal|head master|head mistress|head)$",
    ),
    StaffRole.SLT: (
        r"\bslt\b", r"\bsenior leader", r"\b(deputy|assistant|executive) (head|principal)", r"\bhead of school\b",
        r"\bvice principal\b", r"^(executive |acting |interim )*(head ?teacher|principal)$", r"\bbusiness manager\b",
    ),
    StaffRole.COMPUTING_LEAD: (r"\b(computing|ict|it|computer science) (lead|coordinator|co ordinator|subject lead)",),
    StaffRole.LINK_GOVERNOR: (r"\b(safeguarding|prevent|link) governor\b",),
    StaffRole.GOVERNOR: (r"\bgovernor\b", r"\btrustee\b"),
    StaffRole.TEACHING: (
        r"\bteacher\b", r"\bteaching staff\b", r"^teaching$", r"\blecturer\b", r"\bect\b", r"\bnqt\b",
        r"\bhead of (year|department|faculty|subject)\b", r"\bsenco\b", r"\btutor\b",
    ),
    StaffRole.IT_SERVICE: (r"\bit (service|technician|support|manager)", r"\bict technician", r"\bnetwork manager\b"),
    StaffRole.VOLUNTEER: (r"\bvolunteer\b", r"\bhelper\b"),
    StaffRole.CONTRACTOR: (r"\bcontract(or|ed)\b", r"\bagency\b", r"\bsupply\b"),
    StaffRole.SUPPORT: (
        r"\bsupport\b", r"\bteaching assistant\b", r"\bta\b", r"\bhlta\b", r"\badmin", r"\boffice\b", r"\bcaretaker\b",
        r"\bsite\b", r"\bclean", r"\bcook\b", r"\bkitchen\b", r"\bmidday\b", r"\blunch", r"\bnursery (nurse|assistant)",
        r"\bsecretary\b", r"\breceptionist\b", r"\blibrarian\b", r"\btechnician\b", r"\bmentor\b",
    ),
}  # fmt: skip
