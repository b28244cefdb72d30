"""Settings and weeks."""

from datetime import date

import pytest

from winback.config import Settings, parse_settings, settings_text
from winback.errors import UsageError
from winback.weeks import first_monday_after, monday_of, parse_week


def test_the_written_settings_are_the_settings() -> None:
    assert parse_settings(settings_text(Settings())) == Settings()


def test_wrong_settings_are_named_all_at_once() -> None:
    with pytest.raises(UsageError) as error:
        parse_settings('[lapse]\nhorizon_days = 0\nhorison = 3\n[workspace]\ntimezone = "Mars/Olympus"\n')
    message = str(error.value)
    assert "3 setting(s)" in message
    for part in ("lapse.horizon_days", "lapse.horison", "Asia/Shanghai"):
        assert part in message


@pytest.mark.parametrize("text", ["[lapse\n", "lapse = 3"])
def test_broken_toml_is_no_traceback(text: str) -> None:
    with pytest.raises(UsageError):
        parse_settings(text)


def test_weeks() -> None:
    assert monday_of(date(2026, 3, 8)) == monday_of(date(2026, 3, 2)) == date(2026, 3, 2)
    assert first_monday_after(date(2026, 3, 2)) == first_monday_after(date(2026, 3, 8)) == date(2026, 3, 9)
    assert parse_week("2026-03-02") == date(2026, 3, 2)
    with pytest.raises(UsageError, match=r"Tuesday.*2026-03-02"):
        parse_week("2026-03-03")
    with pytest.raises(UsageError, match="YYYY-MM-DD"):
        parse_week("next week")
