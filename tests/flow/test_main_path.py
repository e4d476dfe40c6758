"""The main path, as its users walk it: submit over HTTP, watch on the socket, download the result."""

import asyncio
import signal
from io import BytesIO

from handoff import Client

CSV = "name,height\n" + "".join(f"person {n},{150 + n % 50}\n" for n in range(2000))


async def test_a_report_is_submitted_watched_and_downloaded(system, start, ada):
    start(system.start_worker)
    with Client(system.origin, ada.token) as client:
        source = client.upload(BytesIO(CSV.encode()), name="people.csv")
        job = client.submit("reports.build", {"source": source.id, "format": "csv"})
        heard = await ada.watch(job.id)

        assert heard[0]["type"] == "snapshot"
        seqs = [message["seq"] for message in heard]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs))), "every event once, in order, without gaps"
        assert heard[-1]["data"]["status"] == "successful", heard[-1]
        assert any(message.get("kind") == "progress" for message in heard)

        ended = client.get(job.id)
        assert ended.result["rows"] == 2000
        [report] = [file for file in ended.files if file.name.endswith(".csv")]
        client.download(job.id, report.name, content := BytesIO())
        assert b"height" in content.getvalue()


async def test_another_user_sees_nothing_of_it(ada, eve):
    job = ada.submit("tests.sample_tasks.add", a=1)
    assert eve.http.get(f"/jobs/{job['id']}").status_code == 404
    async with eve.socket() as socket:
        await socket.send(f'{{"type":"subscribe","topic":"job:{job["id"]}"}}')
        assert '"not_found"' in await socket.recv()


async def test_both_workers_run_the_same_job_to_the_same_row(system, start, ada):
    """`python worker.py`, and the class that arq ships, by arq's own command line."""
    rows = []
    for command in (["worker.py"], ["-c", "from arq.cli import cli; cli()", "worker.WorkerSettings"]):
        worker = start(system.start, *command)
        jobs = [
            ada.submit("tests.sample_tasks.add", a=20, b=22),
            ada.submit("tests.sample_tasks.linger", seconds=0.3),
        ]
        ends = [await ada.until(job["id"], "successful", "failed") for job in jobs]
        events = [ada.http.get(f"/jobs/{job['id']}/events").json()["events"] for job in jobs]
        rows.append([facts(end, happened) for end, happened in zip(ends, events, strict=True)])
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(10) == 0, system.log
    assert rows[0] == rows[1]
    assert rows[0][0] == ("successful", 42, 1, 1.0, ["ready", "running", "successful"])


def facts(job, events):
    statuses = [event["data"]["status"] for event in events if event["kind"] == "status"]
    return job["status"], job["result"], job["attempt"], job["progress"]["fraction"], statuses


async def test_a_worker_ends_in_time_although_a_thread_can_not_be_stopped(system, start, ada):
    system.env["TEST_GRACE_SECONDS"] = "0.2"
    worker = start(system.start_worker)
    jobs = [
        ada.submit(f"tests.sample_tasks.{task}", seconds=60)
        for task in ("block", "linger", "linger_in_process")
    ]
    for job in jobs:
        await ada.until(job["id"], "running")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(8) == 0, system.log
    for job in jobs:
        handed_back = ada.job(job["id"])
        assert (handed_back["status"], handed_back["attempt"]) == ("ready", 0), handed_back


async def test_an_idle_worker_ends_at_once_when_told_to(system, start, ada):
    worker = start(system.start_worker)
    await ada.until(ada.submit("tests.sample_tasks.add", a=1)["id"], "successful")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(5) == 0


async def test_a_second_signal_ends_a_worker_at_once(system, start, ada):
    worker = start(system.start_worker)
    job = ada.submit("tests.sample_tasks.linger", seconds=60)
    await ada.until(job["id"], "running")
    worker.send_signal(signal.SIGTERM)
    async with asyncio.timeout(5):
        while "claiming no more" not in system.log:
            await asyncio.sleep(0.05)
    assert worker.poll() is None, "it waits for what runs"
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(2) == 128 + signal.SIGTERM
    assert ada.job(job["id"])["status"] == "running", "until it is rescued"
