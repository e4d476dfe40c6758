"""The elements in a page of one's own: whatever the network does, each line is shown once."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import Open, Site
from tests.system import Caller

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

#: How long the tab has no network; a minute at most, as the job talks for longer.
OFFLINE_SECONDS = float(os.environ.get("OFFLINE_SECONDS", "2.5"))
EVERY_SECONDS = 0.05

#: A proxy that lets no socket through.
NO_SOCKETS = """
window.WebSocket = class {
  static OPEN = 1;
  constructor() { setTimeout(() => this.onclose({ code: 1006 })); }
  close() {}
};
"""


@pytest_asyncio.fixture(loop_scope="session")
async def ada(site: Site) -> AsyncIterator[Caller]:
    caller = site.system.caller("ada")
    yield caller
    caller.http.close()


def talk(ada: Caller, seconds: float) -> str:
    """A job that logs lines and puts out their numbers."""
    job_id: str = ada.submit("demo.talks", seconds=seconds, every=EVERY_SECONDS)["id"]
    return job_id


async def logged(ada: Caller, job_id: str, lines: int) -> None:
    """Until the server has so many lines of the job."""
    async with asyncio.timeout(90):
        while await asyncio.to_thread(count_lines, ada, job_id) < lines:
            await asyncio.sleep(0.1)


def count_lines(ada: Caller, job_id: str) -> int:
    path: str | None = f"/jobs/{job_id}/events"
    kinds: Counter[str] = Counter()
    while path:
        page: Any = ada.http.get(path).json()
        kinds.update(event["kind"] for event in page["events"])
        path = page["next"] and page["next"].removeprefix("/api/v1")
    return kinds["log"]


async def shows_all(page: Page, seconds: float) -> None:
    """The job has ended, and each of its lines and chunks is there once, in order."""
    await expect(page.locator("job-status")).to_have_text("Successful")
    numbers = range(round(seconds / EVERY_SECONDS))
    lines = page.locator("job-log p span")
    await expect(lines.last).to_have_text("That was <b>all</b>.")
    assert (await lines.all_inner_texts())[:-1] == [f"line {number}" for number in numbers]
    output = "".join(f"{number} " for number in numbers) + f'\n{{"lines":{len(numbers)}}}'
    assert (await page.locator("job-stream").text_content() or "").strip() == output
    progress = page.locator("job-progress")
    await expect(progress.get_by_role("progressbar", name="Progress")).to_have_text("100 %")
    await expect(progress.locator("[data-text]")).to_have_text(f"{numbers[-1]} of {len(numbers)}")


async def test_a_tab_that_was_offline_shows_every_line_once(open_as: Open, ada: Caller):
    seconds = OFFLINE_SECONDS + 2
    job_id = talk(ada, seconds)
    page = await open_as(path=f"/watch/{job_id}")
    lines = page.locator("job-log p")
    await expect(lines).not_to_have_count(0)
    await page.context.set_offline(True)
    known = await lines.count()
    await logged(ada, job_id, known + round(OFFLINE_SECONDS / EVERY_SECONDS))
    assert await lines.count() < known + 10, "it was offline"
    await page.context.set_offline(False)
    await shows_all(page, seconds)


@pytest.mark.parametrize("are_streams_blocked", [False, True], ids=["sockets", "sockets and streams"])
async def test_where_these_are_blocked_every_line_is_shown_once(open_as, ada, are_streams_blocked):
    accepted: Counter[str] = Counter()

    async def pass_on(route: Route) -> None:
        accept = route.request.headers["accept"]
        accepted[accept] += 1
        is_blocked = are_streams_blocked and accept == "text/event-stream"
        await (route.abort() if is_blocked else route.continue_())

    page = await open_as()
    await page.context.add_init_script(NO_SOCKETS)
    await page.route("**/events*", pass_on)
    job_id = talk(ada, seconds=4)
    await page.goto(f"/watch/{job_id}")
    await shows_all(page, seconds=4)
    assert accepted["text/event-stream"]
    assert bool(accepted["application/json"]) == are_streams_blocked


async def test_the_elements_of_a_page_share_a_socket_and_a_subscription(open_as, ada):
    sockets: list[Any] = []
    subscribed: Counter[str] = Counter()
    page = await open_as(path="/login/?next=/nowhere")

    def note(frame: str) -> None:
        subscribed[json.loads(frame).get("topic")] += 1

    def watch(socket: Any) -> None:
        sockets.append(socket)
        socket.on("framesent", note)

    page.on("websocket", watch)
    job_id = talk(ada, seconds=1)
    await page.goto(f"/watch/{job_id}")
    await shows_all(page, seconds=1)
    assert len(sockets) == 1
    assert subscribed[f"job:{job_id}"] == 1


async def test_the_tags_tell_the_truth_without_javascript(open_as, ada):
    job_id = talk(ada, seconds=1)
    await ada.until(job_id, "successful")
    page = await open_as(path=f"/watch/{job_id}", java_script_enabled=False)
    await shows_all(page, seconds=1)
    row = page.locator(f'job-list li[data-job="{job_id}"]')
    await expect(row.get_by_role("link")).to_have_text("demo.talks")
    await expect(row.locator(".handoff-status")).to_have_text("Successful")


async def test_elements_that_come_late_show_all_from_the_first_event(open_as, ada):
    job_id = talk(ada, seconds=1)
    page = await open_as(path=f"/watch/{job_id}")
    await shows_all(page, seconds=1)
    names = ("job-status", "job-progress", "job-stream", "job-log")
    await page.locator("main").evaluate(
        """(main, [id, names]) => main.replaceChildren(...names.map((name) => {
             const element = document.createElement(name);
             element.setAttribute("job", id);
             return element;
           }))""",
        [job_id, names],
    )
    await shows_all(page, seconds=1)


async def test_a_run_that_begins_anew_shows_its_own_output_below_all_lines(open_as, ada):
    job_id = talk(ada, seconds=0.5)
    page = await open_as(path=f"/watch/{job_id}")
    await shows_all(page, seconds=0.5)
    output = await page.locator("job-stream").text_content()
    count = await page.locator("job-log p").count()
    ada.http.post(f"/jobs/{job_id}/retries").raise_for_status()
    await expect(page.locator("job-log p")).to_have_count(2 * count)
    await expect(page.locator("job-status")).to_have_text("Successful")
    assert await page.locator("job-stream").text_content() == output


async def test_a_list_shows_new_jobs_by_itself(open_as, ada):
    page = await open_as(path=f"/watch/{talk(ada, seconds=1)}")
    job_id = talk(ada, seconds=1)
    row = page.locator(f'job-list li[data-job="{job_id}"]')
    await expect(row.locator(".handoff-status")).to_have_text("Successful")
    assert await page.locator("job-list li").first.get_attribute("data-job") == job_id


async def test_a_list_shows_of_older_jobs_only_those_that_the_page_gave_it(open_as, ada):
    given, _left_out, new = sorted(talk(ada, seconds=0.1) for _ in range(3))
    await ada.until(new, "successful")
    page = await open_as(path=f"/watch/{given}")
    await page.locator("main").evaluate(
        """(main, [owner, given, since]) => { main.innerHTML = `<job-list owner="${owner}" since="${since}"><ul>
             <li data-job="${given}"><i class="handoff-status"></i><progress></progress></li></ul></job-list>` }""",
        [ada.user_id, given, new],
    )
    rows = page.locator("job-list li")
    await expect(rows.locator("[data-status=successful]")).to_have_count(2)
    assert [await row.get_attribute("data-job") for row in await rows.all()] == [new, given]


async def test_a_list_asks_for_the_newest_of_many_jobs_alone_and_shows_how_they_end(open_as, ada):
    page = await open_as(path=f"/watch/{talk(ada, seconds=1)}")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    many = [{"task": "demo.everything", "args": {"name": "one of many"}}] * 100
    batch = ada.http.post("/jobs/batch", json=many).raise_for_status().json()["jobs"]
    ids = sorted((job["id"] for job in batch), reverse=True)[:20]
    rows = page.locator("job-list li")
    for row, id_ in ((rows.first, ids[0]), (rows.nth(19), ids[19])):
        await expect(row).to_have_attribute("data-job", id_)
    await expect(rows.locator("[data-status=successful]")).to_have_count(20)
    assert [await row.get_attribute("data-job") for row in await rows.all()] == ids
    assert len(asked) < 80


async def test_a_page_of_another_site_shows_a_job_by_a_job_token(open_as, site, ada):
    job_id = talk(ada, seconds=1)
    token = ada.http.post(f"/jobs/{job_id}/tokens", json={}).raise_for_status().json()["token"]
    page = await open_as()
    told = urlencode({"server": site.system.origin, "job": job_id, "token": token})
    await page.goto(f"{site.embed_origin}/elsewhere?{told}")
    await shows_all(page, seconds=1)
