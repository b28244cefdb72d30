"""The pages in a real Chromium, from file:// and with every connection refused."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from page_market import ZH, put_listed, set_week

from winback.pages.deliveries import manager_files, rep_pages, week_sections

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OFFLINE = ("--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--disable-background-networking")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")]


def browse(profile: Path, address: str, *options: str) -> str:
    """What Chromium prints after loading `address`."""
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={profile}",
        *OFFLINE, *options, address,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=120, check=True)
    return done.stdout.decode("utf-8")


@pytest.fixture
def page(empty_tables, tmp_path: Path) -> Path:
    """A page of five cards on disk, one of them with a name that tries to run."""
    set_week(empty_tables, ZH)
    for number in range(1, 6):
        put_listed(empty_tables, number, account_name=f"茶行 {number} <script>document.title='taken'</script>")
    (content,) = rep_pages(empty_tables, ZH).values()
    path = tmp_path / "rep.html"
    path.write_bytes(content)
    return path


def test_cards_are_there_in_chinese_and_nothing_foreign_runs(page: Path, tmp_path: Path) -> None:
    dom = browse(tmp_path / "profile", page.as_uri(), "--dump-dom")
    assert dom.count("<article ") == 5
    assert re.search(r"<title>回归名单 R1 2026-03-02</title>", dom), "the name's script did not run"
    assert 'id="shown">5 / 5<' in dom, "our own script did"
    assert "茶行 3 &lt;script&gt;" in dom and "流失原因" in dom


WORK_THE_PAGE = """
<iframe id="frame" src="rep.html" width="1000" height="800"></iframe><pre id="seen"></pre>
<script>
document.getElementById("frame").onload = (event) => {
  const page = event.target.contentDocument, seen = {};
  const set = (id, value, kind) => { const e = page.getElementById(id); e.value = value; e.dispatchEvent(new Event(kind)); };
  const ranks = () => Array.from(page.querySelectorAll(".card")).filter((c) => !c.hidden).map((c) => c.dataset.rank).join("");
  for (const order of ["value-down", "due-up", "chance-down", "best-up"]) { set("sort", order, "change"); seen[order] = ranks(); }
  set("find", "a0004", "input"); seen.found = ranks();
  set("find", "nobody", "input"); seen.nothing = ranks() + page.getElementById("none").hidden;
  set("find", "", "input"); set("lane", "red", "change"); seen.red = ranks(); set("lane", "", "change");
  const opened = () => page.querySelectorAll("details[open]").length;
  page.getElementById("open").click(); seen.opened = opened();
  page.getElementById("open").click(); seen.closed = opened();
  document.getElementById("seen").textContent = JSON.stringify(seen);
};
</script>
"""
"""A page around the page that works its controls as a reader would and writes down what it sees."""


def test_sorting_filtering_and_opening_work(page: Path, tmp_path: Path) -> None:
    """Value grows with the rank, chance falls, due days come earlier, the best-by day is one; cards 2 and 5 are red."""
    around = tmp_path / "around.html"
    around.write_text(WORK_THE_PAGE, encoding="utf-8")
    dom = browse(tmp_path / "profile", around.as_uri(), "--disable-web-security", "--virtual-time-budget=5000", "--dump-dom")
    found = re.search(r'<pre id="seen">(.*?)</pre>', dom)
    assert found is not None and json.loads(found.group(1)) == {
        "value-down": "54321",
        "due-up": "54321",
        "chance-down": "12345",
        "best-up": "12345",
        "found": "4",
        "nothing": "false",
        "red": "25",
        "opened": 5,
        "closed": 0,
    }


def test_print_puts_whole_cards_on_pages(page: Path, tmp_path: Path) -> None:
    printed = tmp_path / "rep.pdf"
    browse(tmp_path / "profile", page.as_uri(), "--no-pdf-header-footer", f"--print-to-pdf={printed}")
    n_pages = len(re.findall(rb"/Type\s*/Page\b", printed.read_bytes()))
    assert 2 <= n_pages <= 5, "more than one page for five cards, and never a page without a card"
    assert ".card, section.part { break-inside: avoid;" in page.read_text(encoding="utf-8")


def test_a_printed_card_fits_on_a_page_with_its_sheet_open(page: Path, tmp_path: Path) -> None:
    """The print style applied to a window as wide as A4 between its margins, 186 by 273 mm at 96 dots an inch."""
    text = page.read_text(encoding="utf-8").replace("@media print {", "@media all {").replace("<details>", "<details open>")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    measure = "document.title = Array.from(document.querySelectorAll('.card')).map((c) => c.offsetHeight).join(' ')"
    printed = tmp_path / "as_printed.html"
    printed.write_text(text.replace("</body>", f"<script>{measure}</script></body>"), encoding="utf-8")
    dom = browse(tmp_path / "profile", printed.as_uri(), "--window-size=703,1032", "--dump-dom")
    heights = [int(h) for h in re.findall(r"<title>([\d ]+)</title>", dom)[0].split()]
    assert len(heights) == 5 and max(heights) < 1032


def test_the_managers_page_opens_and_prints(empty_tables, tmp_path: Path) -> None:
    set_week(empty_tables, ZH)
    put_listed(empty_tables, 1)
    path, printed = tmp_path / "manager.html", tmp_path / "manager.pdf"
    path.write_bytes(manager_files(empty_tables, ZH, week_sections(empty_tables, ZH))["manager.html"])
    dom = browse(tmp_path / "profile", path.as_uri(), "--dump-dom")
    assert "经理周报" in dom and dom.count("<section ") == 19
    browse(tmp_path / "profile", path.as_uri(), f"--print-to-pdf={printed}")
    assert printed.read_bytes().startswith(b"%PDF")
