"""The demonstration's authorities, trusts and schools. Their numbers are none that the register uses."""

from dataclasses import dataclass

AUTHORITIES = {"990": "Wexmoor", "991": "Northmarsh", "992": "Hartsea"}
GROUP = "Eastern coast"
TRUSTS = {"99001": "Harbour Learning Trust", "99002": "Fenland Vale Trust"}


@dataclass(frozen=True)
class DemoSchool:
    """`care` is how well its plan is kept, from 0 to 1: the rest of its invented records follow from it."""

    urn: int
    name: str
    authority: str
    trust: str | None
    phase: str
    pupils: int
    staff: int
    care: float


SCHOOLS = (
    DemoSchool(990001, "Mallard Primary School", "990", "99001", "Primary", 412, 46, 0.74),
    DemoSchool(990002, "Heron Academy", "990", "99001", "Secondary", 1124, 118, 0.62),
    DemoSchool(990003, "Kingfisher Primary School", "990", "99001", "Primary", 208, 27, 0.97),
    DemoSchool(990004, "Lapwing Infant School", "990", "99001", "Primary", 176, 24, 0.45),
    DemoSchool(990005, "Curlew Junior School", "990", "99001", "Primary", 238, 29, 0.83),
    DemoSchool(990006, "Bittern High School", "990", "99001", "Secondary", 906, 97, 0.9),
    DemoSchool(990007, "Wagtail Primary School", "990", "99001", "Primary", 311, 38, 0.28),
    DemoSchool(990008, "Plover Church of England Primary School", "990", "99001", "Primary", 98, 16, 0.7),
    DemoSchool(990009, "Avocet Academy", "991", "99001", "All-through", 1320, 141, 0.79),
    DemoSchool(990010, "Dunlin Primary School", "991", "99001", "Primary", 264, 33, 0.55),
    DemoSchool(990011, "Oakbank Primary School", "990", "99002", "Primary", 201, 26, 0.66),
    DemoSchool(990012, "Elm Grove School", "990", "99002", "Secondary", 1015, 109, 0.58),
    DemoSchool(990013, "Hazel Lane Primary School", "990", "99002", "Primary", 420, 47, 0.88),
    DemoSchool(990014, "Rowan Nursery School", "990", "99002", "Nursery", 74, 15, 0.8),
    DemoSchool(990015, "Wexmoor Grammar School", "990", None, "Secondary", 872, 88, 0.71),
    DemoSchool(990016, "St Botolph’s Catholic Primary School", "990", None, "Primary", 209, 25, 0.5),
    DemoSchool(990017, "Quay Street Primary School", "990", None, "Primary", 389, 43, 0.35),
    DemoSchool(990018, "Millfield Special School", "990", None, "Not applicable", 131, 64, 0.92),
    DemoSchool(990019, "Saltmarsh Primary School", "991", None, "Primary", 187, 23, 0.6),
    DemoSchool(990020, "Northmarsh Community College", "991", None, "Secondary", 742, 79, 0.76),
    # Small ones, so that two more authorities have schools enough for a release.
    DemoSchool(990021, "Bulrush Primary School", "991", None, "Primary", 96, 9, 0.82),
    DemoSchool(990022, "Teasel Primary School", "991", None, "Primary", 121, 11, 0.57),
    DemoSchool(990023, "Samphire Primary School", "991", None, "Primary", 104, 10, 0.69),
    DemoSchool(990024, "Sedge Lane Primary School", "991", None, "Primary", 88, 8, 0.9),
    DemoSchool(990025, "Marram Primary School", "991", None, "Primary", 140, 12, 0.48),
    DemoSchool(990026, "Reedmace Primary School", "991", None, "Primary", 112, 10, 0.76),
    DemoSchool(990027, "Northmarsh Girls’ School", "991", None, "Secondary", 310, 18, 0.64),
    DemoSchool(990028, "Gannet Primary School", "992", None, "Primary", 99, 9, 0.71),
    DemoSchool(990029, "Puffin Primary School", "992", None, "Primary", 118, 10, 0.85),
    DemoSchool(990030, "Fulmar Primary School", "992", None, "Primary", 132, 11, 0.6),
    DemoSchool(990031, "Razorbill Primary School", "992", None, "Primary", 91, 8, 0.52),
    DemoSchool(990032, "Kittiwake Primary School", "992", None, "Primary", 107, 10, 0.93),
    DemoSchool(990033, "Tern Street Primary School", "992", None, "Primary", 125, 11, 0.66),
    DemoSchool(990034, "Dunnock Primary School", "992", None, "Primary", 84, 8, 0.74),
    DemoSchool(990035, "Whimbrel Primary School", "992", None, "Primary", 136, 12, 0.58),
    DemoSchool(990036, "Godwit Primary School", "992", None, "Primary", 115, 10, 0.8),
    DemoSchool(990037, "Hartsea Academy", "992", None, "Secondary", 352, 19, 0.67),
    DemoSchool(990038, "Hartsea Boys’ School", "992", None, "Secondary", 298, 17, 0.79),
)
