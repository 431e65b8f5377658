"""How numbers that are shown are written: whole percentages and rates with one decimal place."""

from tenants.insights.disclosure.types import HIDDEN, ProtectedCell, Symbol

STRUCTURAL_ZERO = ProtectedCell(Symbol.STRUCTURAL_ZERO.value, Symbol.STRUCTURAL_ZERO)
NO_RETURN = ProtectedCell(Symbol.NO_RETURN.value, Symbol.NO_RETURN)
_LOW = ProtectedCell(Symbol.LOW.value, Symbol.LOW)


def count_cell(value: float | None) -> ProtectedCell:
    """A whole number, or hidden for none."""
    return HIDDEN if value is None else ProtectedCell(f"{round(value):,}")


def percent_cell(part: float | None, total: float | None, *, hidden: bool = False) -> ProtectedCell:
    """A whole percentage, halves rounded up. What rounds to 100 and is not all is 99."""
    if hidden or part is None or total is None:
        return HIDDEN
    if not total:
        return STRUCTURAL_ZERO
    rounded = (200 * round(part) + round(total)) // (2 * round(total))
    if rounded == 0 and part:
        return _LOW
    return ProtectedCell(f"{min(rounded, 99) if part < total else rounded}%")


def rate_cell(count: float | None, pupils: float) -> ProtectedCell:
    """Cases per 1,000 pupils with one decimal place; hidden together with the count, since pupil numbers are public."""
    if count is None:
        return HIDDEN
    if not pupils:
        return STRUCTURAL_ZERO
    tenths = (20_000 * round(count) + round(pupils)) // (2 * round(pupils))
    return _LOW if count and not tenths else ProtectedCell(f"{tenths / 10:,.1f}")
