# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of a recording, in a real browser and from a file."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

import perfmon
from perfmon import Start
from perfmon.exports.page import html_page
from perfmon.recording.recorder import record
from perfmon.recording.trace import Trace, open_trace
from tests.perfmon.exports.browser import browser

FIRST_EVENT = """
const { timeline } = perfmon.data, lane = timeline.cpu[0];
let first = 0;
for (const count of Object.values(lane.series)[0]) if (count < 0) first -= count; else break;
perfmon.look(first * timeline.width_ns, (first + 1) * timeline.width_ns);
return lane.name;
"""
NASTY = "</script><script>window.hurt = 1</script><b>&'\""


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Trace:
    directory = tmp_path_factory.mktemp("recorded") / "trace"
    with perfmon.connect("embedded:") as host:
        host.disable()
        host.configure(sample_rate=0, buffer_size=1024)
        host.set_events(range(12))
        host.reset()
        host.enable()
        host.workload.workload_memory(3000, 2)
        host.workload.workload_messages(200)
        host.disable()
        record(host, directory, 0.0, start=Start.OLDEST)
    metadata = (directory / "metadata").read_text()
    quoted = NASTY.replace('"', '\\"')
    ((busiest, _),) = Counter(s.task for s in open_trace(directory).samples()).most_common(1)
    named = f'task_{busiest} = "{quoted}";'
    metadata = re.sub(rf"task_{busiest} = .*;", lambda _: named, metadata)
    assert named in metadata
    (directory / "metadata").write_text(metadata)
    return open_trace(directory)


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    with browser(str(tmp_path_factory.mktemp("profile"))) as driver:
        yield driver


@pytest.fixture(scope="module")
def page(trace: Trace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(html_page(trace), encoding="utf-8")
    return path


@pytest.fixture
def opened(driver: Chrome, page: Path) -> Iterator[Chrome]:
    driver.get_log("browser")
    driver.get(page.as_uri())
    WebDriverWait(driver, 20).until(
        lambda d: d.execute_script("return document.documentElement.dataset.ready")
    )
    yield driver
    assert driver.get_log("browser") == []
    assert driver.execute_script("return window.hurt") is None


def painted(driver: Chrome, canvas: str) -> str:
    """A canvas as it is after the next frame, as text to compare."""
    return driver.execute_async_script(
        "const [id, done] = arguments; requestAnimationFrame(() => requestAnimationFrame(() =>"
        " done(document.getElementById(id).toDataURL())));",
        canvas,
    )


def stretch(driver: Chrome) -> float:
    return driver.execute_script("return perfmon.view.to - perfmon.view.from")


def rows(driver: Chrome, table: str) -> list[list[str]]:
    return [
        [cell.text for cell in row.find_elements(By.TAG_NAME, "td")]
        for row in driver.find_elements(By.CSS_SELECTOR, f"table[aria-label='{table}'] tbody tr")
    ]


def tip(driver: Chrome) -> str:
    return driver.find_element(By.ID, "tip").text


def test_the_page_refers_to_nothing_outside(page):
    text = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert re.findall(r"""(?:src|href)=["'](?!data:|#)[^"']*""", text) == []
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)[^\s\"']*", text) == []
    assert "@import" not in text


def test_figures_are_those_of_the_recording(opened, trace):
    samples = sum(len(packet.samples) for s in trace.streams for packet in trace.packets(s))
    cards = [card.text for card in opened.find_elements(By.CSS_SELECTOR, "#cards li")]
    assert cards[0] == f"{samples:,}\nsamples"
    missing = sum(map(trace.discarded, trace.streams))
    assert cards[3] == f"{missing:,}\nevents missing"
    shown = {row[0]: int(row[1].replace(",", "")) for row in rows(opened, "Events")}
    names = [trace.names[sample.event] for sample in trace.samples()]
    assert shown == {name: names.count(name) for name in set(names)}
    assert [row[0] for row in rows(opened, "CPUs: what is missing")] == [
        stream.name for stream in trace.streams
    ]


def test_names_from_the_recording_are_text_whatever_they_look_like(opened):
    WebDriverWait(opened, 20).until(
        lambda driver: any(NASTY in row[0] for row in rows(driver, "Tasks"))
    )


def test_charts_are_drawn_and_follow_the_light(opened):
    light = [painted(opened, canvas) for canvas in ("timeline", "heat")]
    assert opened.find_elements(By.CSS_SELECTOR, "#histogram rect")
    opened.find_element(By.ID, "theme").click()
    dark = [painted(opened, canvas) for canvas in ("timeline", "heat")]
    assert light[0] != dark[0]
    assert light[1] != dark[1]


def test_dragging_zooms_into_what_was_marked_and_a_double_click_shows_all(opened):
    canvas = opened.find_element(By.ID, "timeline")
    whole = stretch(opened)
    before = painted(opened, "heat")
    ActionChains(opened).move_to_element(canvas).click_and_hold().move_by_offset(
        100, 0
    ).release().perform()
    assert 0 < stretch(opened) < whole / 5
    assert painted(opened, "heat") != before
    ActionChains(opened).double_click(canvas).perform()
    assert stretch(opened) == whole


def test_keys_and_buttons_zoom_and_move(opened):
    whole = stretch(opened)
    canvas = opened.find_element(By.ID, "timeline")
    opened.execute_script("arguments[0].focus()", canvas)
    canvas.send_keys("+")
    assert stretch(opened) == pytest.approx(whole / 2)
    begin = opened.execute_script("return perfmon.view.from")
    canvas.send_keys(Keys.ARROW_LEFT)
    assert opened.execute_script("return perfmon.view.from") < begin
    canvas.send_keys("0")
    assert stretch(opened) == whole
    opened.find_element(By.CSS_SELECTOR, "[data-zoom=in]").click()
    assert stretch(opened) == pytest.approx(whole / 2)
    opened.find_element(By.CSS_SELECTOR, "[data-zoom=all]").click()
    painted(opened, "timeline")
    assert ", all" in opened.find_element(By.ID, "range").text


def test_the_pointer_shows_what_it_is_on(opened):
    lane = opened.execute_script(FIRST_EVENT)
    painted(opened, "timeline")
    canvas = opened.find_element(By.ID, "timeline")
    top = 20 - canvas.size["height"] // 2
    ActionChains(opened).move_to_element_with_offset(canvas, 0, top).perform()
    assert re.match(rf"{lane}, [\d.]+ s, .*\n\w+ +\d+$", tip(opened), re.M)
    Select(opened.find_element(By.ID, "event")).select_by_visible_text("VM_ALLOC")
    heat = opened.find_element(By.ID, "heat")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", heat)
    ActionChains(opened).move_to_element(heat).perform()
    assert tip(opened).startswith("VM_ALLOC, ")


def test_an_event_that_is_hidden_is_not_drawn(opened):
    before = painted(opened, "timeline")
    for button in opened.find_elements(By.CSS_SELECTOR, "#legend button"):
        button.click()
        assert painted(opened, "timeline")
        assert button.get_attribute("aria-pressed") == "false"
    assert painted(opened, "timeline") != before
    assert len(opened.execute_script("return [...perfmon.view.hidden]")) >= 4


def test_lanes_are_cpus_or_tasks(opened):
    before = painted(opened, "timeline")
    button = opened.find_element(By.CSS_SELECTOR, "[data-lanes=task]")
    button.click()
    assert painted(opened, "timeline") != before
    assert button.get_attribute("aria-pressed") == "true"


def test_choosing_an_event_shows_its_latency_and_its_slowest(opened):
    opened.find_element(By.XPATH, "//table[@aria-label='Events']//button[.='PAGE_FAULT']").click()
    painted(opened, "heat")
    chosen = Select(opened.find_element(By.ID, "event")).first_selected_option.text
    assert chosen == "PAGE_FAULT"
    assert "p99 " in opened.find_element(By.ID, "percentiles").text
    slowest = rows(opened, "The slowest of them")
    assert len(slowest) == 12
    assert all(re.match(r"address 0x\w+, protection \d", row[5]) for row in slowest)
    opened.find_element(By.CSS_SELECTOR, "#slowest td button").click()
    painted(opened, "timeline")
    assert ", all" not in opened.find_element(By.ID, "range").text


def test_tables_sort_by_any_column_and_filter_by_name(opened):
    head = opened.find_element(By.XPATH, "//table[@aria-label='Events']//th[.='Max']")
    head.find_element(By.TAG_NAME, "button").click()
    assert head.get_attribute("aria-sort") == "descending"
    longest = {
        event["name"]: event["max"] or 0
        for event in opened.execute_script("return perfmon.data.events")
    }
    shown = [row[0] for row in rows(opened, "Events")]
    assert [longest[name] for name in shown] == sorted(longest.values(), reverse=True)
    opened.find_element(By.ID, "filter").send_keys("vm_")
    assert {row[0] for row in rows(opened, "Events")} == {"VM_ALLOC", "VM_FREE"}


def test_everything_can_be_reached_by_the_keyboard_and_has_a_name(opened):
    unnamed = opened.execute_script(
        "return [...document.querySelectorAll('button, input, select, canvas')]"
        ".filter(e => !(e.ariaLabel || e.textContent.trim() || e.labels?.length)).length"
    )
    assert unnamed == 0
    body = opened.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.TAB)
    assert opened.switch_to.active_element.text == "Skip the charts"


def test_a_narrow_window_has_no_sideways_scrolling(opened):
    opened.set_window_size(500, 900)
    try:
        painted(opened, "timeline")
        assert opened.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        )
    finally:
        opened.set_window_size(1300, 1000)


def test_a_recording_without_samples_is_a_page_too(driver, tmp_path, trace):
    for stream in trace.streams:
        (tmp_path / stream.name).write_bytes(b"")
    (tmp_path / "metadata").write_text((trace.directory / "metadata").read_text())
    path = tmp_path / "report.html"
    path.write_text(html_page(open_trace(tmp_path)), encoding="utf-8")
    driver.get_log("browser")
    driver.get(path.as_uri())
    WebDriverWait(driver, 20).until(
        lambda d: d.execute_script("return document.documentElement.dataset.ready")
    )
    painted(driver, "timeline")
    assert driver.get_log("browser") == []
    assert driver.find_element(By.CSS_SELECTOR, "#cards b").text == "0"


def test_the_data_of_the_page_are_valid_json(page):
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text(), re.S
    )
    assert json.loads(found[1])["host"] == "embedded:"
