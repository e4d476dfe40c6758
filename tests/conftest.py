"""The surroundings of every test, set before Django reads its settings."""

import inspect
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import django
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests.planted import Secret

pytest_plugins = ["tests.lookouts", "tests.servers", "tests.stores", "tests.processes", "tests.chromium"]

#: Holds the session's servers, database and files. Not under TMPDIR, which may be long: the path of the
#: unix socket in it has to stay under 104 bytes. Each of xdist's processes makes its own.
FOLDER = Path(tempfile.mkdtemp(prefix="handoff-tests-", dir="/tmp"))

set_hypothesis_home_dir(Path(__file__).parent.parent / "var" / "cache" / "hypothesis")

# Were the settings named in pytest's own configuration, pytest-django would read them before this file runs.
os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
os.environ["DATABASE_URL"] = f"sqlite:///{FOLDER}/db.sqlite3"
os.environ["MEDIA_ROOT"] = f"{FOLDER}/media"
# A server that asks for no password takes any.
os.environ["REDIS_URL"] = f"unix://default:{Secret.REDIS_PASSWORD}@{FOLDER}/valkey/valkey.sock"
os.environ["SECRET_KEY"] = Secret.SECRET_KEY.of_length(50)
django.setup()

from channels.layers import channel_layers  # noqa: E402

from jobs.broker import client  # noqa: E402


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """xdist's processes inherit our environment; by this they would read the settings before they set their own."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def session_folder() -> Path:
    return FOLDER


@pytest.fixture(autouse=True)
def _own_media(settings: Any, tmp_path: Path) -> None:
    """Each test's files go to a folder of its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.STATIC_ROOT = tmp_path  # servestatic warns of one that is not there


@pytest.fixture(autouse=True)
def _no_open_clients(request: pytest.FixtureRequest) -> None:
    """Redis clients belong to a loop, and each async test has a loop of its own."""
    if inspect.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("_clients_closed_at_the_end")


@pytest.fixture
async def _clients_closed_at_the_end() -> AsyncIterator[None]:
    yield
    await channel_layers["default"].flush()
    await client.close()
