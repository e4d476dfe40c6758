"""Runs schemathesis against a system, as everybody who may call it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system import ROOT, System, running_system

CONFIG = ROOT / "tests" / "schema" / "schemathesis.toml"
CSRF_TOKEN = "a" * 32


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one identity's."""

    identity: str
    cases: int
    is_good: bool
    output: str


@contextmanager
def fuzzed_system(folder: Path, seed: Path, database_url: str | None = None) -> Iterator[System]:
    """A web process and a worker that can harm nobody."""
    with running_system(folder, seed, database_url) as system, ExitStack() as processes:
        system.env["DJANGO_SETTINGS_MODULE"] = "tests.schema.settings"
        for process in (system.start_web(), system.start_worker()):
            processes.callback(process.wait)
            processes.callback(process.kill)
        yield system


def identities(system: System) -> dict[str, dict[str, str]]:
    """By name, the headers that make a request somebody's."""
    users = json.loads((system.folder / "users.json").read_text())
    session = f"sessionid={users['root']['session']}; csrftoken={CSRF_TOKEN}"
    service = system.call("manage.py", "token", "issue", "eve", "--may-act-for-others", "--name", "fuzz")
    return {
        "anonymous": {},
        "API token": {"Authorization": f"Bearer {users['ada']['token']}"},
        "acting for another": {"Authorization": f"Bearer {service.split()[-1]}", "Handoff-Owner": "ada"},
        "session of staff": {"Cookie": session, "X-CSRFToken": CSRF_TOKEN},
    }


def fuzz(system: System, *options: str) -> list[Run]:
    """One run an identity, all at the same time. `options`: of `schemathesis run`."""
    everybody = identities(system)
    with ThreadPoolExecutor(len(everybody)) as pool:
        return list(pool.map(lambda name: _run(system, name, everybody[name], options), everybody))


def _run(system: System, identity: str, headers: dict[str, str], options: Iterable[str]) -> Run:
    report = system.folder / f"{identity}.json"
    shown = [part for header in headers.items() for part in ("-H", ": ".join(header))]
    done = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", CONFIG, "run",
            f"{system.origin}/api/v1/openapi.json", "--no-color", "--report-json-path", report, *shown, *options,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    cases = json.loads(report.read_text())["test_cases"]["generated"] if report.exists() else 0
    return Run(identity, cases, done.returncode == 0, done.stdout + done.stderr)
