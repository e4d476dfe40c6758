"""What docs/effects.md shows is run as it stands there."""

import os
import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "effects.md").read_text()


@pytest.fixture
def shop(system):
    """The app that the page's reader writes."""
    folder = system.folder / "apps" / "shop"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    for name, source in re.findall(r"```python\n# shop/(\w+\.py)\n(.*?)```", PAGE, re.DOTALL):
        (folder / name).write_text(source)
    system.env["PYTHONPATH"] += f"{os.pathsep}{folder.parent}"
    system.env["TEST_APPS"] = "shop"
    system.call("manage.py", "migrate", "--run-syncdb", "-v0")


async def test_the_example_writes_its_row_with_its_success(shop, system, start, ada):
    start(system.start_worker)
    job = ada.submit("shop.bill", order=7)
    ended = await ada.until(job["id"], "successful", "failed")
    assert (ended["status"], ended["result"]) == ("successful", {"order": 7, "total": 990})
    ask = "from shop.models import Invoice; print(list(Invoice.objects.values_list('order', 'total')))"
    assert system.call("manage.py", "shell", "-v0", "-c", ask).strip() == "[(7, 990)]"
