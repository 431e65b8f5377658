"""What users of the protector call. Everything here may take minutes and runs in a process of its own."""

from collections.abc import Mapping

from tenants.insights.disclosure.engine.process import in_its_own_process
from tenants.insights.disclosure.engine.rounding import Rounded
from tenants.insights.disclosure.engine.types import Atom, Dimension, Measure, Protected, Request

_PACKAGE = "tenants.insights.disclosure.engine"
_GRACE = 120.0  # seconds over three times the limit: laying out and verifying have no limit of their own


def protect(request: Request) -> Protected:
    """Protects everything of the request together, in a process of its own.

    Tables that are too sparse are collapsed along their hierarchies, or withheld; the result says which and why. Raises
    Refused (TooLarge, NotProtectable, NotVerified) when nothing may be published, FrozenCellChanged when an earlier
    release's cell has changed, and ValueError for input that contradicts itself.
    """
    seconds = 3 * request.seconds + _GRACE
    return in_its_own_process(f"{_PACKAGE}.protection:protect_here", request, seconds=seconds, gives=Protected)


def round_table(request: Request, base: int = 5) -> Rounded:
    """Rounds the request's tables to multiples of the base so that they still add up, in a process of its own.

    Raises NotProtectable when that cannot be done. Rounded tables are not to be combined with tables of the same measure
    in which cells are hidden.
    """
    seconds = 4 * request.seconds + _GRACE
    return in_its_own_process(f"{_PACKAGE}.rounding:round_here", (request, base), seconds=seconds, gives=Rounded)


def distribution(key: str, dimensions: tuple[Dimension, ...], schools: Mapping[str, Mapping[str, str]]) -> Measure:
    """A measure that counts schools. `schools` gives each school's category in every dimension.

    A place without a school is a zero that could have been more: categories such as a plan's state can be anybody's.
    """
    atoms = tuple(Atom(dict(at), {school: 1}) for school, at in schools.items())
    return Measure(key, dimensions, atoms)
