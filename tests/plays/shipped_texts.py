"""Every text of the catalogue with the place it stands in."""

from collections.abc import Iterator
from typing import Any

from winback.plays.library import load_plays
from winback.plays.row_texts import load_row_texts
from winback.plays.sentences import Strict, Text
from winback.plays.talk_track import load_shared_facts
from winback.plays.tone import load_tones


def shipped_texts() -> list[tuple[str, Text]]:
    places = {**load_plays(), "tone": load_tones(), "shared_facts": load_shared_facts(), "row_texts": load_row_texts()}
    return [found for name, place in places.items() for found in texts_in(place, name)]


def texts_in(thing: Any, where: str) -> Iterator[tuple[str, Text]]:
    if isinstance(thing, Text):
        yield where, thing
    elif isinstance(thing, Strict):
        for name in type(thing).model_fields:
            yield from texts_in(getattr(thing, name), f"{where}.{name}")
    elif isinstance(thing, tuple):
        for i, item in enumerate(thing):
            yield from texts_in(item, f"{where}.{i}")
    elif isinstance(thing, dict):
        for name, item in thing.items():
            yield from texts_in(item, f"{where}.{name}")
