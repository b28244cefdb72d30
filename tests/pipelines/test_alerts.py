"""Alerts: their words, the file, a web hook that is there, one that is not, and a sensor that sends one."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import dagster as dg
import pytest

from assets.alerts import send_alert
from assets.workspace import Workspace
from pipelines.sensors import failure_sensor
from tests.conftest import TODAY
from winback.alerts.alert import alert_of
from winback.config import AlertSettings, Settings


@pytest.fixture
def hook() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    taken: list[dict[str, Any]] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/key", taken
    server.shutdown()
    thread.join()
    server.server_close()


def lines(place: Workspace) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (place.folder("state") / "alerts.jsonl").read_text().splitlines()]


def test_an_alert_says_what_where_why_and_what_next_without_personal_data() -> None:
    alert = alert_of("shop", "2026-03-02", "core_spend", "line 7: phone 13912345678 of 张经理 is no date")
    assert "2026-03-02" in alert.title and "core_spend" in alert.text and "winback run --week 2026-03-02" in alert.text
    assert "13912345678" not in alert.text and "张" not in alert.text and "line 7" in alert.text


def test_the_hook_and_the_file_get_it(make_workspace: Callable[..., Workspace], hook) -> None:
    url, taken = hook
    place = make_workspace(settings=Settings(alerts=AlertSettings(is_webhook_enabled=True)))
    alert = alert_of("shop", None, None, "disk full")
    assert send_alert(place, alert, TODAY, {"WINBACK_ALERT_WEBHOOK": url}) == []
    assert [t["text"] for t in taken] == [alert.text]
    assert lines(place)[0]["cause"] == "disk full" and lines(place)[0]["not_sent"] == []


def test_a_channel_that_fails_is_written_down_without_its_address(make_workspace: Callable[..., Workspace]) -> None:
    settings = AlertSettings(
        is_webhook_enabled=True,
        smtp_host="127.0.0.1",
        smtp_port=9,
        mail_from="w@shop.example",
        mail_to=("ops@shop.example",),
    )
    place = make_workspace(settings=Settings(alerts=settings))
    failures = send_alert(
        place, alert_of("shop", None, None, "x"), TODAY, {"WINBACK_ALERT_WEBHOOK": "https://127.0.0.1:9/secret"}
    )
    assert len(failures) == 2 and "secret" not in json.dumps(lines(place))
    assert send_alert(place, alert_of("shop", None, None, "x"), TODAY, {})[0].startswith(
        "web hook: WINBACK_ALERT_WEBHOOK is not set"
    )


def test_the_sensor_tells_the_cause_of_a_failed_run(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace()

    @dg.op
    def broken() -> None:
        raise RuntimeError("the warehouse is locked")

    @dg.job
    def job() -> None:
        broken()

    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
        event = result.get_run_failure_event()
        context = dg.build_run_status_sensor_context(
            sensor_name="failed_runs", dagster_instance=instance, dagster_run=result.dagster_run, dagster_event=event
        ).for_run_failure()
        failure_sensor(lambda: place, lambda: TODAY, {})(context)
    assert lines(place)[0]["asset"] == "broken" and "the warehouse is locked" in lines(place)[0]["cause"]
