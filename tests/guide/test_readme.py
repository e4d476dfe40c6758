"""What the README shows is run as it stands there."""

import json
import os
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from jobs.conf import Options
from jobs.task import Task

README = (Path(__file__).parents[2] / "README.md").read_text()


def block(language: str, containing: str) -> str:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    [found] = [text for text in blocks if containing in text]
    return found


@pytest.fixture
def shop(system):
    """The app that the README's reader writes."""
    folder = system.folder / "apps" / "shop"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "tasks.py").write_text(block("python", "# shop/tasks.py"))
    system.env["PYTHONPATH"] += f"{os.pathsep}{folder.parent}"
    system.env["TEST_APPS"] = "shop"


async def test_the_example_task_runs_when_called_by_the_examples(shop, start, ada, monkeypatch, capsys):
    system = ada.system
    start(system.start_worker)
    job = json.loads(run(block("sh", "shop.pack"), system, TOKEN=ada.token))
    assert job["task"] == "shop.pack"
    told = run(block("sh", "event-stream"), system, TOKEN=ada.token, ID=job["id"])
    heard = [json.loads(line.removeprefix("data: ")) for line in told.splitlines() if "data: " in line]
    assert [one["seq"] for one in heard] == list(range(1, len(heard) + 1))
    assert "packing cups" in {message.get("data", {}).get("text") for message in heard}
    assert ada.job(job["id"])["result"] == {"order": 7, "packed": 2}

    monkeypatch.setenv("TOKEN", ada.token)
    exec(block("python", "handoff.Client").replace("http://127.0.0.1:8000", system.origin), {})
    said = capsys.readouterr().out
    assert "packing cups" in said
    assert said.endswith("{'order': 7, 'packed': 2}\n")


def run(command, system, **environ):
    """What the command prints."""
    command = command.replace("http://127.0.0.1:8000", system.origin).replace("curl ", "curl -sS ", 1)
    done = subprocess.run(
        ["bash", "-c", command], env={**os.environ, **environ}, capture_output=True, timeout=30, check=True
    )
    return done.stdout.decode()


def test_the_readme_names_every_variable_of_the_environment():
    source = (Path(__file__).parents[2] / "project" / "env.py").read_text()
    for name in re.findall(r'_read\(environ, "(\w+)"', source):
        assert f"`{name}`" in README, name


def test_the_readme_names_every_option_of_a_task_and_of_the_engine():
    of_django = {"func", "module_path", "backend"}
    for option in (*fields(Task), *fields(Options)):
        name = option.name.removesuffix("_id")  # using(owner=…) keeps its id
        assert option.name in of_django or re.search(rf"\b{name}\b", README), option.name


def test_every_link_of_the_readme_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (Path(__file__).parents[2] / target).exists(), target
