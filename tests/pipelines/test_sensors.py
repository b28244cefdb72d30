"""Sensors start a load once per set of whole files."""

from collections.abc import Callable

import dagster as dg

from assets.workspace import Workspace
from pipelines.sensors import file_sensors
from tests.conftest import drop


def test_a_load_is_asked_for_once_the_files_stand_still(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace()
    inbox, _ = file_sensors(lambda: place)

    def look(cursor: str | None) -> tuple[list[str], str | None]:
        with dg.build_sensor_context(cursor=cursor) as context:
            result = inbox(context)
        assert isinstance(result, dg.SensorResult)
        return [r.run_key for r in result.run_requests or []], result.cursor

    assert look(None) == ([], "")
    drop(place, "spend.csv", "a")
    asked, cursor = look("")
    assert asked == []
    drop(place, "spend.csv", "a longer file")
    asked, grown = look(cursor)
    assert asked == [] and grown != cursor
    asked, same = look(grown)
    assert asked == [grown] == [same]
