"""Jobs are watched live: nothing is reloaded, nothing is lost."""

import asyncio
import re

import pytest
from playwright.async_api import expect

from tests.browser.pages import hand_off, is_marked, mark, pick, shows

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

LINGER = "tests.sample_tasks.linger"
PROGRESS = ".lane progress"


async def test_a_submitted_job_is_watched_to_its_end_without_a_reload(open_as):
    page = await open_as()
    await pick(page, "reports.build")
    await mark(page)
    rows = "".join(f"{number},{number % 7}\n" for number in range(2000))
    file = {"name": "measures.csv", "mimeType": "text/csv", "buffer": f"a,b\n{rows}".encode()}
    await page.set_input_files("#field-source", file)
    await expect(page.locator("file-drop strong")).to_have_text("measures.csv")
    card = await hand_off(page)

    await shows(card, "Successful")
    await expect(card.get_by_role("link", name="report.pdf")).to_be_visible()
    await expect(card).to_contain_text("measures.csv")
    chart = card.get_by_role("img", name="chart.svg")
    await expect(chart).to_be_visible()
    await expect(chart).to_have_js_property("complete", True)
    assert await chart.evaluate("image => image.naturalWidth") > 0
    await expect(page.locator("#announcer")).to_have_text("reports.build: successful")
    assert await is_marked(page)
    async with page.expect_download() as download:
        await card.get_by_role("link", name="report.pdf").click()
    assert (await download.value).suggested_filename == "report.pdf"


async def test_progress_moves_and_a_reload_keeps_it(open_as):
    page = await open_as()
    await pick(page, LINGER)
    await page.fill("#field-seconds", "4")
    card = await hand_off(page)
    bar = card.locator(PROGRESS)
    await expect(bar).to_be_visible()
    await expect(bar).to_have_attribute("value", re.compile(r"0\.0*[1-9]"))
    await page.reload()
    assert float(await bar.get_attribute("value")) > 0, "the page comes with the progress in it"
    await expect(card.locator("job-progress [data-text]")).to_have_text(re.compile(r"\d\.\d s"))
    await shows(card, "Successful")


async def test_several_jobs_run_side_by_side(open_as):
    page = await open_as()
    await pick(page, LINGER)
    cards = []
    for seconds in ("3", "2"):
        await page.fill("#field-seconds", seconds)
        cards.append(await hand_off(page))
        await expect(page.locator("#field-seconds")).to_have_value("")
    for status in ("Running", "Successful"):
        for card in cards:
            await shows(card, status)


async def test_what_happens_while_the_connection_is_lost_is_caught_up(open_as, site):
    page = await open_as()
    await pick(page, LINGER)
    await page.fill("#field-seconds", "2")
    await mark(page)
    card = await hand_off(page)
    await shows(card, "Running")

    await asyncio.to_thread(site.kill_web)
    await expect(page.locator("live-state")).to_have_text("Reconnecting…")
    await asyncio.to_thread(site.start_web)
    await expect(page.locator("live-state")).to_have_text("Live")
    await shows(card, "Successful")
    assert await is_marked(page)


async def test_a_failed_attempt_is_told_and_the_next_one_announced(open_as):
    page = await open_as()
    await pick(page, "demo.fails")
    card = await hand_off(page)
    await shows(card, "Deferred")
    await expect(card).to_contain_text("Attempt 1 failed. ConnectionError: The source is not there.")
    await expect(card.locator(".next")).to_contain_text("Tries again in")


async def test_a_message_for_users_comes_without_the_name_of_its_class(open_as):
    page = await open_as()
    await pick(page, "demo.refuses")
    card = await hand_off(page)
    await shows(card, "Failed")
    await expect(card.locator(".failure")).to_have_text("Attempt 1. Expected a cat, got a dog; send a cat.")


async def test_the_page_of_a_job_goes_on_by_itself(open_as):
    page = await open_as()
    await pick(page, LINGER)
    await page.fill("#field-seconds", "1.5")
    card = await hand_off(page)
    await card.get_by_role("heading").get_by_role("link").click()
    await mark(page)
    await expect(page.get_by_role("heading", name=LINGER)).to_be_visible()
    await expect(page.locator(".timeline b").last).to_have_text("Successful")
    await shows(card, "Successful")
    assert await is_marked(page)


async def test_output_appears_in_its_card_whose_button_cancels_and_tries_again(open_as):
    page = await open_as()
    await pick(page, "text.stream")
    await page.fill("#field-text", "word " * 200)
    await mark(page)
    card = await hand_off(page)
    for _ in range(2):
        await expect(card.locator("job-stream")).to_contain_text("word word")
        await card.get_by_role("button", name="Cancel").click()
        await shows(card, "Cancelled")
        await card.get_by_role("button", name="Try again").click()
    await shows(card, "Running")
    await card.get_by_role("button", name="Cancel").click()
    await shows(card, "Cancelled")
    assert await is_marked(page)
