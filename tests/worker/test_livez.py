"""Probes tell a worker that is stuck from one that is quiet."""

import asyncio
import json
import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.exceptions import ImproperlyConfigured

from jobs.worker import livez as module
from jobs.worker.livez import Liveness, answering
from jobs.worker.watch import Watch
from tests import stubborn_tasks
from tests.system import free_port


@pytest.fixture
async def watch():
    watch = Watch()
    watch.start()
    yield watch
    watch.stop()


def probe(port: int, path: str = "/livez") -> tuple[int, dict[str, str]]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, json.load(refusal)


async def test_a_quiet_worker_is_alive(watch):
    port = free_port()
    with answering(port, Liveness(watch).problem):
        assert await asyncio.to_thread(probe, port) == (200, {"status": "ok"})


async def test_a_stuck_loop_is_told_while_it_is_stuck_with_the_line_that_holds_it_up(watch, monkeypatch):
    monkeypatch.setattr(module, "STUCK_SECONDS", 1.2)
    port = free_port()
    await asyncio.sleep(0.5)
    with answering(port, Liveness(watch).problem), ThreadPoolExecutor(1) as outside:
        answer = outside.submit(lambda: (time.sleep(1.8), probe(port))[1])
        await asyncio.create_task(stubborn_tasks.hold_up_everybody.func(2.5))
        status, body = answer.result(5)
        assert (status, body["status"]) == (503, "stuck")
        assert "holds it up at tests/stubborn_tasks.py" in body["reason"]
        await asyncio.sleep(0.5)
        assert (await asyncio.to_thread(probe, port))[0] == 200, "it has recovered by itself"


async def test_a_worker_that_claims_no_more_is_dead_unless_it_was_told_to_stop(watch, monkeypatch):
    liveness = Liveness(watch)
    liveness.turned()
    monkeypatch.setattr(module, "NO_TURN_SECONDS", 0)
    assert "has not looked for jobs for 0 s" in liveness.problem()
    liveness.stopped_claiming()
    assert liveness.problem() is None


async def test_only_livez_is_answered(watch):
    port = free_port()
    with answering(port, Liveness(watch).problem):
        assert (await asyncio.to_thread(probe, port, "/metrics"))[0] == 404


async def test_a_client_that_says_nothing_holds_up_no_probe(watch):
    port = free_port()
    with answering(port, Liveness(watch).problem), socket.create_connection(("127.0.0.1", port)):
        assert (await asyncio.to_thread(probe, port))[0] == 200


def test_a_taken_port_refuses_to_boot():
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ImproperlyConfigured, match=f"WORKER_PORT: cannot listen on port {port}: Address"):
            answering(port, lambda: None).__enter__()


def test_without_a_port_nothing_listens():
    with answering(None, lambda: pytest.fail("nobody asks")):
        pass
