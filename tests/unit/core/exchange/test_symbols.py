from __future__ import annotations

from saime.core.exchange.symbols import SYMBOLS, symbol_of, symbols_in
from support.example_datasets import disability


def test_each_thing_has_a_sign_of_its_own_and_a_number_stays_a_number_in_px():
    assert len({symbol.sign for symbol in SYMBOLS.values()}) == len(SYMBOLS) == 7
    instead_of_a_number = [symbol.px for symbol in SYMBOLS.values() if symbol.px]
    assert len(set(instead_of_a_number)) == len(instead_of_a_number) == 5


def test_zero_is_not_missing_and_a_number_needs_no_symbol():
    assert symbol_of(0, "A") is SYMBOLS["zero"]
    assert symbol_of(7, "A") is None
    assert symbol_of(None, "Q") is SYMBOLS["withheld"]
    assert symbol_of(None, "O") is SYMBOLS["not_available"]
    assert symbol_of(0, "U") is SYMBOLS["unreliable"]
    assert symbol_of(0, "E") is SYMBOLS["estimated"]
    assert symbol_of(7, "B") is SYMBOLS["break"]


def test_the_legend_lists_only_what_occurs():
    assert [symbol.sign for symbol in symbols_in(disability())] == ["c", ":", "0"]


def test_every_status_of_the_example_has_a_symbol_that_names_it():
    dataset = disability()
    for value, obs_status, conf_status in zip(dataset.values, dataset.obs_status, dataset.conf_status, strict=True):
        if value is None:
            assert conf_status in symbol_of(value, obs_status).conf_status
