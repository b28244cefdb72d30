"""Fixtures of the hostile-input tests: the empty house that files are delivered to."""

from tests.load.conftest import house, new_house

__all__ = ["house", "new_house"]
