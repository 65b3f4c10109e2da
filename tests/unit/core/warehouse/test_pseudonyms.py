"""Personal codes to person keys: the same person the same key, two persons two keys."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from saime.core.errors import BadInput
from saime.core.warehouse.pseudonyms import (
    BLOCKS_AT_A_TIME,
    DOMAIN_TAG,
    OLD_FORM_CHECK_DIGIT,
    CheckDigitRule,
    ParsedCodes,
    Parser,
    PersonCipher,
    array_parser,
    compiled_parser,
    parse_personal_codes,
)
from saime.core.warehouse.staging import partition_of
from support.warehouse import personal_code

KEY = bytes(range(32))
CIPHER = PersonCipher(KEY)
numbers = st.integers(0, 39_999_999)
digits = st.text("0123456789", min_size=11, max_size=11)


def keys_of(*codes: str | None) -> list[bytes]:
    parsed = parse_personal_codes(pa.array(codes, pa.string()), rule=None)
    assert not parsed.malformed.any()
    return [row.tobytes() for row in CIPHER.person_keys(parsed.numbers)]


def shown(parsed: ParsedCodes) -> list[tuple[int | None, bool, bool]]:
    rows = zip(parsed.numbers.tolist(), parsed.malformed.tolist(), parsed.wrong_check_digit.tolist(), strict=True)
    return [(None if malformed else number, malformed, wrong) for number, malformed, wrong in rows]


def read_one_by_one(codes: list[str | None]) -> list[tuple[int | None, bool, bool]]:
    """What the two parsers shall say, in plain Python."""
    found: list[tuple[int | None, bool, bool]] = []
    for code in codes:
        digits = code[:6] + code[7:] if code is not None and len(code) == 12 and code[6] == "-" else code
        if digits is None or len(digits) != 11 or not (digits.isascii() and digits.isdigit()):
            found.append((None, True, False))
            continue
        weighted = sum(weight * int(digit) for weight, digit in zip(OLD_FORM_CHECK_DIGIT.weights, digits, strict=False))
        wrong = (OLD_FORM_CHECK_DIGIT.offset - weighted) % 11 % 10 != int(digits[10]) and not digits.startswith("32")
        found.append((int(digits), False, wrong))
    return found


nearly_codes = st.one_of(
    digits,
    digits.map(lambda code: f"{code[:6]}-{code[6:]}"),
    numbers.map(personal_code),
    st.text("0123456789-/:aā", max_size=13),
    st.none(),
)


@settings(deadline=None)
@given(codes=st.lists(nearly_codes), parser=st.sampled_from([compiled_parser(), array_parser()]))
def test_both_parsers_say_what_reading_one_by_one_says(codes: list[str | None], parser: Parser) -> None:
    assert shown(parse_personal_codes(pa.array(codes, pa.string()), parser=parser)) == read_one_by_one(codes)


@pytest.mark.parametrize("parser", [compiled_parser(), array_parser()], ids=["compiled", "arrays"])
def test_parsers_agree_where_the_form_changes_between_blocks(parser: Parser) -> None:
    codes = [personal_code(number, dash=number > BLOCKS_AT_A_TIME) for number in range(BLOCKS_AT_A_TIME + 2)]
    codes[-1] = "32000000001"
    parsed = parse_personal_codes(pa.array(codes), parser=parser)
    assert parsed.numbers.tolist() == [int(code.replace("-", "")) for code in codes]
    assert not parsed.malformed.any()
    assert not parsed.wrong_check_digit.any()


@settings(deadline=None)
@given(codes=st.lists(digits, min_size=1, unique=True))
def test_different_codes_have_different_person_keys(codes: list[str]) -> None:
    assert len(set(keys_of(*codes))) == len(codes)


@settings(deadline=None)
@given(code=digits)
def test_a_code_with_a_dash_is_the_same_person(code: str) -> None:
    with_dash, without = keys_of(f"{code[:6]}-{code[6:]}", code)
    assert with_dash == without


@settings(deadline=None)
@given(code=digits)
def test_a_person_key_turns_back_into_its_code_with_the_key(code: str) -> None:
    (key,) = keys_of(code)
    block = Cipher(algorithms.AES256(KEY), modes.ECB()).decryptor().update(key)  # noqa: S305
    assert (f"{int.from_bytes(block[:8], 'big'):011d}", block[8:]) == (code, DOMAIN_TAG)


@settings(deadline=None)
@given(number=numbers)
def test_made_up_codes_pass_the_check_digit(number: int) -> None:
    parsed = parse_personal_codes(pa.array([personal_code(number), personal_code(number, dash=True)]))
    assert not parsed.malformed.any()
    assert not parsed.wrong_check_digit.any()


@settings(deadline=None)
@given(number=numbers, place=st.integers(0, 10), added=st.integers(1, 9))
def test_one_changed_digit_is_found_unless_both_check_digits_are_zero_or_ten(number: int, place: int, added: int) -> None:
    code = personal_code(number)
    changed = code[:place] + str((int(code[place]) + added) % 10) + code[place + 1 :]

    def remainder(text: str) -> int:
        weighted = sum(w * int(d) for w, d in zip(OLD_FORM_CHECK_DIGIT.weights, text, strict=False))
        return (OLD_FORM_CHECK_DIGIT.offset - weighted) % 11

    expected = not changed.startswith("32") and remainder(changed) % 10 != int(changed[10])
    assert parse_personal_codes(pa.array([changed])).wrong_check_digit.tolist() == [expected]


@settings(deadline=None)
@given(codes=st.lists(digits))
def test_person_keys_turn_back_into_the_numbers_they_came_from(codes: list[str]) -> None:
    given = np.array([int(code) for code in codes], np.int64)
    assert CIPHER.numbers(CIPHER.person_keys(given)).tolist() == given.tolist()


def test_a_pseudonym_of_another_domain_is_not_turned_back() -> None:
    number = np.array([70_707_012_345])
    for other in (PersonCipher(bytes(32)), PersonCipher(KEY, b"anything")):
        with pytest.raises(BadInput, match="not made in this key domain"):
            CIPHER.numbers(other.person_keys(number))


def test_the_check_digit_is_not_asked_of_new_codes_and_can_be_left_out() -> None:
    code = personal_code(1)
    wrong = code[:10] + str((int(code[10]) + 1) % 10)
    assert parse_personal_codes(pa.array([wrong, "32123456789"])).wrong_check_digit.tolist() == [True, False]
    assert parse_personal_codes(pa.array([wrong]), rule=None).wrong_check_digit.tolist() == [False]


def test_another_rule_can_be_given() -> None:
    last_digit_zero = CheckDigitRule(weights=(0,) * 10, offset=0, exempt=99)
    assert parse_personal_codes(pa.array(["70707012340", "70707012341"]), last_digit_zero).wrong_check_digit.tolist() == [False, True]


MALFORMED = [
    "",
    None,
    "7",
    "7070701234",
    "707070123456",
    "707070 12345",
    "7070701234a",
    "７07070-1234",
    "7070-7012345",
    "70707012-345",
    "-70707012345",
]


@pytest.mark.parametrize("code", MALFORMED)
def test_what_is_not_a_code_is_malformed_alone_and_among_others(code: str | None) -> None:
    good = personal_code(5)
    assert parse_personal_codes(pa.array([code], pa.string())).malformed.tolist() == [True]
    mixed = parse_personal_codes(pa.array([good, code, personal_code(6, dash=True)]))
    assert mixed.malformed.tolist() == [False, True, False]
    assert mixed.numbers[0] == int(good)


def test_slices_dictionaries_and_large_text_read_alike() -> None:
    codes = [personal_code(number, dash=number % 2 == 0) for number in range(20)]
    wanted = [int(code.replace("-", "")) for code in codes[3:9]]
    for kind in (pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())):
        array = pa.array(codes, pa.string()).cast(kind).slice(3, 6)
        assert parse_personal_codes(array).numbers.tolist() == wanted


def test_a_null_that_hides_a_value_is_malformed() -> None:
    values = pa.array([personal_code(1), personal_code(2)])
    hidden = pa.StringArray.from_buffers(2, values.buffers()[1], values.buffers()[2], pa.py_buffer(b"\x01"), 1)
    assert parse_personal_codes(hidden).malformed.tolist() == [False, True]


def test_blocks_join_without_a_seam() -> None:
    count = BLOCKS_AT_A_TIME + 3
    codes = pa.array([f"{60_000_000_000 + number}" for number in range(count)])
    parsed = parse_personal_codes(codes, rule=None)
    assert parsed.numbers.tolist() == list(range(60_000_000_000, 60_000_000_000 + count))
    whole = CIPHER.person_keys(parsed.numbers)
    assert (whole[-1:] == CIPHER.person_keys(parsed.numbers[-1:])).all()


def test_no_codes_at_all() -> None:
    assert len(parse_personal_codes(pa.array([], pa.string())).numbers) == 0
    assert CIPHER.person_keys(np.array([], np.int64)).shape == (0, 16)


def test_another_key_gives_other_person_keys_and_another_fingerprint() -> None:
    other = PersonCipher(bytes(32))
    number = np.array([70_707_012_345])
    assert (other.person_keys(number) != CIPHER.person_keys(number)).any()
    assert other.fingerprint != CIPHER.fingerprint
    assert PersonCipher(KEY).fingerprint == CIPHER.fingerprint


@pytest.mark.parametrize("partitions", [1, 2, 64, 256, 512, 65_536])
def test_the_partition_is_the_top_bits_of_the_person_key(partitions: int) -> None:
    keys = CIPHER.person_keys(np.arange(60_000_000_000, 60_000_002_000))
    expected = [int.from_bytes(key.tobytes(), "big") * partitions >> 128 for key in keys]
    assert partition_of(keys, partitions).tolist() == expected
