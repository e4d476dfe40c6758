"""The form in a real browser: by keyboard, with errors, without JavaScript."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.pages import hand_off, is_marked, job_page, mark, pick, send, shows

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

ADD = "tests.sample_tasks.add"


async def tab_to(page: Page, selector: str) -> None:
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await page.evaluate("selector => document.activeElement.matches(selector)", selector):
            outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"the focus on {selector} is in sight"
            return
    pytest.fail(f"{selector} can't be reached by the Tab key.")


async def test_a_job_is_started_by_keyboard_alone(open_as):
    page = await open_as()
    await tab_to(page, ".tasks summary")
    await page.keyboard.press("Enter")
    await tab_to(page, f'.tasks a[href$="{ADD}"]')
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/?task={ADD}")
    await tab_to(page, "#field-a")
    await page.keyboard.type("40")
    await tab_to(page, "job-form button")
    await page.keyboard.press("Enter")
    card = page.locator("job-card").filter(has_text="A 40").first
    await shows(card, "Successful")
    await expect(card).to_contain_text("42")


async def test_every_kind_of_field_reaches_the_task(open_as):
    page = await open_as()
    await pick(page, "demo.everything")
    await page.fill("#field-name", "Ada <b>Lovelace</b>")
    await page.fill("#field-note", "two\nlines")
    await page.fill("#field-copies", "7")
    await page.fill("#field-ratio", "0.25")
    await page.get_by_role("radio", name="large").check()
    await page.select_option("#field-region", "Europe")
    await page.get_by_role("switch", name="Loud").check()
    await page.fill("#field-tags", "a\nb")
    await page.get_by_label("Tuesday").check()
    await page.fill("#field-options", '{"depth": 3}')
    card = await hand_off(page)
    await shows(card, "Successful")
    job_id = (await card.get_attribute("id")).removeprefix("job-")
    result = (await (await page.request.get(f"/api/v1/jobs/{job_id}")).json())["result"]
    assert result == {
        "name": "Ada <b>Lovelace</b>", "note": "two\nlines", "copies": 7, "ratio": 0.25, "size": "large",
        "region": "Europe", "loud": True, "tags": ["a", "b"], "days": ["Tuesday"], "options": {"depth": 3},
    }  # fmt: skip
    await expect(card).to_contain_text("Ada <b>Lovelace</b>")


async def test_errors_stand_beside_their_fields_and_nothing_has_to_be_filled_in_again(open_as):
    page = await open_as()
    await pick(page, "demo.everything")
    await mark(page)
    await page.fill("#field-name", "kept")
    await page.fill("#field-options", "{not json")
    await page.set_input_files(
        "#field-source", {"name": "kept.txt", "mimeType": "text/plain", "buffer": b"text"}
    )
    await send(page)
    await expect(page.locator("#field-options-error")).to_contain_text("should be an object")
    await expect(page.locator("#field-options")).to_be_focused()
    await expect(page.locator("#field-name")).to_have_value("kept")
    await expect(page.locator("file-drop")).to_contain_text("kept.txt is here already")
    await page.fill("#field-options", "{}")
    card = await hand_off(page)
    await shows(card, "Successful")
    await expect(card).to_contain_text("kept.txt")
    assert await is_marked(page)


async def test_it_all_works_without_javascript(open_as):
    page = await open_as(java_script_enabled=False)
    await pick(page, "tests.sample_tasks.linger")
    await page.fill("#field-seconds", "1")
    card = await hand_off(page)
    await expect(page).to_have_url(re.compile(r"\?job=.+#job-"))
    await shows(card, "Successful")  # the page has refreshed itself
    await expect(card).to_contain_text("lingered")


async def test_a_file_is_sent_without_javascript(open_as):
    page = await open_as(java_script_enabled=False)
    await pick(page, "demo.copy")
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
    await page.set_input_files(
        "#field-source", {"name": "square.svg", "mimeType": "image/svg+xml", "buffer": svg}
    )
    card = await hand_off(page)
    await shows(card, "Successful")
    await expect(card.get_by_role("link", name="square.svg").first).to_be_visible()


async def test_errors_are_shown_without_javascript(open_as):
    page = await open_as(java_script_enabled=False)
    await pick(page, "demo.everything")
    await page.fill("#field-name", "kept")
    await page.fill("#field-options", "[]")
    await send(page)
    await expect(page.locator("#field-options-error")).to_be_visible()
    await expect(page.locator("#field-name")).to_have_value("kept")


async def test_another_users_page_shows_none_of_it(open_as):
    page = await open_as()
    await pick(page, ADD)
    await page.fill("#field-a", "1")
    address = await job_page(await hand_off(page))
    other = await open_as("eve", java_script_enabled=False)
    await expect(other.locator("job-card")).to_have_count(0)
    await expect(other.get_by_text("Nothing handed off yet.")).to_be_visible()
    answer = await other.request.get(address)
    assert answer.status == 404
    assert "belongs to somebody else" in await answer.text()
