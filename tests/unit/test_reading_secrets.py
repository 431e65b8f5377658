"""A slip's address and PIN as people type them."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.reading.sheets.secrets import code_hash, in_groups, new_code, new_pin, pin_digits


@given(st.integers(1, 6), st.sampled_from([" ", "-", ".", " - "]), st.booleans(), st.booleans())
def test_a_code_is_known_however_it_is_grouped_and_whatever_letter_is_taken_for_a_digit(
    size: int, between: str, small: bool, misread: bool
) -> None:
    code = new_code()
    typed = in_groups(code, size, between)
    if misread:
        typed = typed.replace("0", "O").replace("1", "I")
    assert code_hash(typed.lower() if small else typed) == code_hash(code)


def test_codes_and_pins_have_their_length_and_do_not_repeat() -> None:
    codes, pins = {new_code() for _ in range(2000)}, {new_pin() for _ in range(200)}
    assert len(codes) == 2000
    assert len({code_hash(code) for code in codes}) == 2000
    assert len(pins) > 190
    assert {len(code) for code in codes} == {12}
    assert {len(pin) for pin in pins} == {len(pin_digits(in_groups(pin, 3, " "))) for pin in pins} == {6}
    assert not set("".join(codes)) & set("ILOU")
