"""Runs schemathesis against a system, as everybody who may call it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.system import ROOT, System, running_system

CONFIG = ROOT / "tests" / "schema" / "schemathesis.toml"
CSRF_TOKEN = "a" * 32

#: By name, the headers that make a request somebody's.
type Identities = dict[str, dict[str, str]]


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


def errors_in(log: str) -> list[str]:
    """Lines that say that something went wrong inside, whatever was answered; tasks may fail of what a fuzzer thinks
    up."""
    lines = [line for line in log.splitlines() if '"level": "error"' in line or "Traceback" in line]
    return [line for line in lines if '"logger": "django.tasks"' not in line]


def signed_in(system: System) -> Identities:
    """With a token, with a session, and not at all."""
    users = json.loads((system.folder / "users.json").read_text())
    session = f"sessionid={users['root']['session']}; csrftoken={CSRF_TOKEN}"
    return {
        "anonymous": {},
        "API token": {"Authorization": f"Bearer {users['ada']['token']}"},
        "session of staff": {"Cookie": session, "X-CSRFToken": CSRF_TOKEN},
    }


def acting_for_another(system: System) -> Identities:
    """With the token of a service."""
    token = system.call("manage.py", "token", "issue", "eve", "--may-act-for-others").strip()
    return {"acting for another": {"Authorization": f"Bearer {token}", "Handoff-Owner": "ada"}}


def fuzz(system: System, everybody: Identities, *options: str) -> Iterator[Run]:
    """One run an identity, all at the same time. `options`: of `schemathesis run`."""
    with ThreadPoolExecutor(len(everybody)) as pool:
        runs = [pool.submit(_run, system, name, headers, options) for name, headers in everybody.items()]
        for run in as_completed(runs):
            yield run.result()


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
