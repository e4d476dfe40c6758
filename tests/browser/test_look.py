"""The pages hold their shape on a phone and can be read in the dark."""

from pathlib import Path

import pytest

from tests.browser.pages import hand_off, job_page, overflow, pick, shows

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

CONTRAST = Path(__file__).with_name("contrast.js").read_text()
PHONE = {"width": 360, "height": 740}


async def test_nothing_sticks_out_on_a_phone(open_as):
    page = await open_as(viewport=PHONE)
    await pick(page, "demo.tables")
    await page.fill("#field-rows", "60")
    card = await hand_off(page)
    await shows(card, "Successful")
    assert await overflow(page) == 0
    address = await job_page(card)
    for path in (
        "/?task=demo.everything",
        "/?task=reports.build",
        "/tokens/",
        address,
        address.replace("/jobs/", "/watch/"),
        "/nowhere",
        "/login/?next=/nowhere",
    ):
        await page.goto(path)
        assert await overflow(page) == 0, path


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_text_has_enough_contrast(open_as, scheme):
    page = await open_as(color_scheme=scheme, reduced_motion="reduce")
    for task in ("demo.refuses", "demo.fails", "demo.tables", "tests.sample_tasks.linger"):
        await pick(page, task)
        for field, value in {"#field-rows": "2", "#field-seconds": "1.5"}.items():
            if await page.locator(field).count():
                await page.fill(field, value)
        card = await hand_off(page)
    await shows(card, "Running")
    assert await page.evaluate(CONTRAST) == []
    await page.goto((await job_page(card)).replace("/jobs/", "/watch/"))
    assert await page.evaluate(CONTRAST) == []
    await page.goto("/?task=demo.everything")
    assert await page.evaluate(CONTRAST) == []
    await page.goto("/tokens/")
    await page.get_by_role("textbox", name="Name").fill("laptop")
    await page.get_by_role("button", name="Make a token").click()
    await page.get_by_text("Copy it now").wait_for()
    assert await page.evaluate(CONTRAST) == []
    ground = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(17, 19, 14)") == (scheme == "dark"), "the test did see this scheme"


async def test_motion_stops_for_those_who_ask_for_it(open_as):
    page = await open_as(reduced_motion="reduce")
    await pick(page, "tests.sample_tasks.linger")
    await page.fill("#field-seconds", "1")
    await shows(await hand_off(page), "Running")
    assert await page.evaluate("document.getAnimations().length") == 0
