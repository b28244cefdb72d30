"""Names of delivered files, for hostile ids of representatives."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from winback.playbook.file_names import rep_file_name

ANY = settings(deadline=None, max_examples=300, database=None)

HOSTILE = [
    *("../../x", "..", ".", "/", "\\", "/etc/passwd", "C:\\x", "a/b", "a_b", "a-b", "a b", "A/B"),
    *("Li", "li", "LI", "lI", "Lı", "İ", "i̇", "", " ", "  ", "\t", "\n", "\0", "\u200b", "rep", "REP", "-", "--"),
    *("con", "NUL", "aux.csv", "not_this_week", "x" * 40, "x" * 41, "x" * 10_000),
    *("李", "李雷", "小李", "é", "e\u0301", "ﬁ", "fi", "😀", "%2e%2e%2f", "a\u202eb"),
    *("a:b", "a*b", "a?b", 'a"b', "a<b>", "a|b", "~"),
]


def assert_safe(name: str) -> None:
    assert re.fullmatch(r"rep_[a-z0-9-]+-[0-9a-f]{8,64}\.csv", name), name
    assert PurePosixPath(name).name == name
    assert PureWindowsPath(name).name == name
    assert len(name) <= 128


def test_names_by_hand():
    assert rep_file_name("Li").startswith("rep_li-")
    assert rep_file_name("../../x").startswith("rep_x-")
    assert rep_file_name("a/b").startswith("rep_a-b-")
    assert rep_file_name("李").startswith("rep_rep-")
    assert rep_file_name("").startswith("rep_rep-")
    assert rep_file_name("x" * 10_000).startswith("rep_" + "x" * 40 + "-")


@pytest.mark.parametrize("rep_id", HOSTILE)
def test_hostile_ids_give_safe_names(rep_id):
    assert_safe(rep_file_name(rep_id))
    assert rep_file_name(rep_id) == rep_file_name(rep_id)


def test_hostile_ids_do_not_collide():
    assert len({rep_file_name(rep_id).casefold() for rep_id in HOSTILE}) == len(HOSTILE) == len(set(HOSTILE))


@ANY
@given(st.text(max_size=60))
@example("../../x")
def test_any_id_gives_a_safe_name(rep_id):
    assert_safe(rep_file_name(rep_id))


@ANY
@given(st.text(max_size=20), st.text(max_size=20))
def test_two_ids_give_two_names_whatever_the_case(one, other):
    assert (rep_file_name(one).casefold() == rep_file_name(other).casefold()) == (one == other)


def test_ids_made_to_collide_do_not():
    """Eight hexadecimal digits are 32 bits: whoever may choose ids finds two with one name among a hundred thousand.

    These two were found in a second; under eight digits one list overwrites the other.
    """
    assert rep_file_name("--丈丆丆万丅") != rep_file_name("-------丂丂丄一一丈")
