"""What docs/client.md and docs/curl.md show is run as it stands there, and their numbers are ours."""

import os
import re
import subprocess
from collections.abc import Iterator
from inspect import getmembers, isfunction, signature
from pathlib import Path

import pytest

from handoff import Client, client, patience, verbs
from tests.system import Caller, running_system, short_folder

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "client.md").read_text()
CURL = (DOCS / "curl.md").read_text()

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z"


@pytest.fixture(scope="module")
def ada(seed: Path) -> Iterator[Caller]:
    """Of one running system, for both pages."""
    with short_folder() as folder, running_system(folder, seed) as system:
        processes = [system.start_worker(), system.start_web()]
        caller = system.caller("ada")
        yield caller
        caller.http.close()
        for process in processes:
            process.kill()
            process.wait()


def test_the_examples_of_the_client_run_as_they_stand_there(ada, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("name,height\nAda,170\n")
    shown = {"token": ada.token}
    for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(example.replace("http://127.0.0.1:8000", ada.system.origin), shown)
    said = ["successful ['Hello ', 'out ', 'there']", "Hello out there422 invalid-arguments /args/text"]
    assert capsys.readouterr().out.splitlines() == said
    assert "height,number,1" in Path("report.csv").read_text()


def test_each_command_of_the_walk_answers_as_it_is_shown(ada, tmp_path):
    walk = Walk(ada, tmp_path)
    for block in re.findall(r"```console\n(.*?)```", CURL, re.DOTALL):
        for step in re.findall(r"^\$ (.*?)(?=^\$ |\Z)", block, re.DOTALL | re.MULTILINE):
            command, shown = re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*\n)(.*)", step, re.DOTALL).groups()
            walk.take(command.strip(), shown.strip())
    assert len(walk.ids) >= 6, "the page's ids, each of which stands for one here"


class Walk:
    """The commands so far: what they exported, and what the page's ids are here."""

    def __init__(self, ada: Caller, folder: Path) -> None:
        self.environ = {**os.environ, "TOKEN": ada.token}
        self.origin = ada.system.origin
        self.folder = folder
        self.ids: dict[str, str] = {}

    def take(self, command: str, shown: str) -> None:
        for page_s, ours in self.ids.items():
            command = command.replace(page_s, ours)
        command = command.replace("http://localhost:8000", self.origin).replace("curl ", "curl -sS ", 1)
        if command.startswith("export "):
            command += "; env -0"
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.folder, env=self.environ, capture_output=True, timeout=40, check=True
        )  # fmt: skip
        said = done.stdout.decode().replace("\r\n", "\n").strip()
        if command.startswith("export "):
            self.environ = dict(line.split("=", 1) for line in said.split("\0") if line)
        else:
            self.check(command, shown, said)

    def check(self, command: str, shown: str, said: str) -> None:
        """`…` is anything, a time is any, and an id is the one that it was before, or a new one."""
        new: dict[str, str] = {}
        pattern = "".join(self.pattern(piece, new) for piece in re.split(f"(…|{UUID}|{TIME})", shown))
        found = re.fullmatch(pattern, said, re.DOTALL)
        assert found, f"$ {command}\n{said}\n-- is not as shown:\n{shown}"
        self.ids |= {page_s: found[group] for page_s, group in new.items()}

    def pattern(self, piece: str, new: dict[str, str]) -> str:
        if piece == "…":
            return ".*?"
        if re.fullmatch(TIME, piece):
            return TIME
        if piece in new:
            return f"(?P={new[piece]})"
        if re.fullmatch(UUID, piece) and piece not in self.ids:
            new[piece] = f"id{len(new)}"
            return f"(?P<{new[piece]}>{UUID})"
        return re.escape(self.ids.get(piece, piece))


@pytest.mark.parametrize(
    "said",
    [
        f"| `timeout` | {client.TIMEOUT:g} s |",
        f"| `retry_for` | {client.RETRY_FOR:g} s |",
        f"| `max_pause` | {client.MAX_PAUSE:g} s |",
        f"up to {patience.FIRST_PAUSE_SECONDS:g} s first",
        f"up to {verbs.MAX_WAIT_SECONDS:g} s, as it has ended",
    ],
)
def test_each_number_of_the_page_is_ours(said):
    assert said in PAGE


def test_the_page_names_every_verb_and_what_it_takes():
    for name, verb in getmembers(Client, isfunction):
        if not name.startswith("_") and name != "close":
            [row] = re.findall(rf"`{name}\((.*?)\)`", PAGE)
            assert re.findall(r"\w+", row) == list(signature(verb).parameters)[1:], name
