"""What docs/client.md shows is run as it stands there, and its numbers are ours."""

import re
from inspect import getmembers, isfunction, signature
from pathlib import Path

import pytest

from handoff import Client, client, patience, verbs

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text()


def test_the_examples_run_as_they_stand_there(start, ada, monkeypatch, tmp_path, capsys):
    start(ada.system.start_worker)
    monkeypatch.chdir(tmp_path)
    Path("people.csv").write_text("name,height\nAda,170\n")
    shown = {"token": ada.token}
    for example in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(example.replace("http://127.0.0.1:8000", ada.system.origin), shown)
    said = ["successful ['Hello ', 'out ', 'there']", "Hello out there422 invalid-arguments /args/text"]
    assert capsys.readouterr().out.splitlines() == said
    assert "height,number,1" in Path("report.csv").read_text()


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
