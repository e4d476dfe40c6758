"""What the web process sets up before its first request."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from django.test import override_settings

from project.lifespan import lifespan


async def run_lifespan(during):
    """Speaks the ASGI lifespan protocol from start to end; `during` is called between."""
    came, said = asyncio.Queue(), []

    async def send(message):
        said.append(message["type"])
        if message["type"] == "lifespan.startup.complete":
            during()
            await came.put({"type": "lifespan.shutdown"})

    await came.put({"type": "lifespan.startup"})
    await lifespan({"type": "lifespan"}, came.get, send)
    return said


@pytest.fixture(autouse=True)
def _own_temporary_folder(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", None)


async def test_bodies_are_kept_beside_the_files_that_they_become(tmp_path):
    """/tmp may lie in memory."""
    seen = []

    def spool():
        with tempfile.NamedTemporaryFile() as file:
            seen.append(Path(file.name).parent)

    with override_settings(MEDIA_ROOT=tmp_path / "files"):
        said = await run_lifespan(spool)
    assert seen == [tmp_path / "files" / "incoming"]
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_a_folder_that_can_not_be_written_to_is_said_at_the_start(tmp_path):
    (tmp_path / "file").write_text("")
    with override_settings(MEDIA_ROOT=tmp_path / "file"), pytest.raises(NotADirectoryError):
        await run_lifespan(pytest.fail)
