"""Every number says what it is modelled on, and wrong numbers are refused."""

from importlib import resources

import pytest
from pydantic import ValidationError

from winback.simulate.parameters import ParameterError, default_parameters, parameter_sources, parse_parameters

TEXT = (resources.files("winback.simulate") / "parameters.yaml").read_text("utf-8")


def test_every_number_has_a_basis():
    sources = parameter_sources()
    assert sources.height > 100
    assert set(sources["basis"]) == {"fitted", "case", "assumed"}
    assert sources["modelled_on"].str.len_chars().min() > 8


def test_case_shares_of_the_families():
    share = default_parameters().reasons.share
    for family, expected in {"1": 0.50, "2": 0.30, "3": 0.05}.items():
        assert sum(v for code, v in share.items() if code.startswith(family)) == pytest.approx(expected)
    assert sum(share[c] for c in ("4", "5", "6", "7")) == pytest.approx(0.15)


def test_number_without_source_is_refused():
    broken = TEXT.replace("silent_share: {value: 0.30, basis: case", "silent_share: {value: 0.30, basis: hearsay")
    with pytest.raises(ParameterError, match=r"market\.silent_share"):
        parse_parameters(broken)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("english_share: {value: 0.42", "english_share: {value: 1.42"),
        ("1a: 0.14, 1b: 0.10", "1a: 0.24, 1b: 0.10"),
        ("early_weeks: {value: 8", "erly_weeks: {value: 8"),
    ],
)
def test_impossible_numbers_are_refused(old: str, new: str):
    assert old in TEXT
    with pytest.raises(ValidationError):
        parse_parameters(TEXT.replace(old, new))
