"""bin/dev starts, signs in, reloads and stops."""

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from handoff import Client
from tests.dev.conftest import Dev, free_port, started, wait_until_gone
from tests.generated import generated_client, part

pytestmark = pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="counts processes by /proc")


def test_the_link_signs_in_once(shared_dev: Dev) -> None:
    link = shared_dev.printed("Sign in")
    with httpx.Client(timeout=20) as browser:
        first = browser.get(link)
        assert (first.status_code, first.headers["location"]) == (302, "/")
        assert browser.get(shared_dev.url("/")).status_code == 200
    second = httpx.get(link)
    assert (second.status_code, "sessionid" in second.cookies) == (403, False)
    assert "works once" in second.text


def test_a_guessed_link_is_refused_and_spoils_nothing(dev: Dev) -> None:
    dev.wait_for("Stop +Ctrl-C")
    assert dev.get("/dev/sign-in/guessed").status_code == 403
    assert httpx.get(dev.printed("Sign in")).status_code == 302


def test_a_job_runs_to_its_result_with_the_printed_token(shared_dev: Dev) -> None:
    with Client(shared_dev.url(""), shared_dev.printed("API token")) as client:
        job = client.submit("text.stream", {"text": "It works.", "words_per_second": 100})
        chunks = [event.data["value"] for event in client.events(job.id) if event.kind == "chunk"]
        assert "".join(chunks) == "It works."
        assert client.get(job.id).status == "successful"


def test_a_job_runs_to_its_result_by_a_generated_client(shared_dev: Dev, tmp_path: Path) -> None:
    with generated_client(shared_dev.get("/api/v1/openapi.json").content, tmp_path) as client:
        models = part("models")
        args = models.TextStreamArgs(text="It works.", words_per_second=100)
        body = models.TextStreamSubmission(task="text.stream", args=args)
        with client.AuthenticatedClient(shared_dev.url(""), shared_dev.printed("API token")) as caller:
            job = part("api.jobs.submit_job").sync(client=caller, body=body)
            ended = part("api.jobs.get_job").sync(client=caller, job_id=job.id, prefer="wait=20")
        assert (ended.status, ended.result) == (models.Status.SUCCESSFUL, ["It ", "works."])


def test_no_secret_is_kept_where_another_user_can_read_it(shared_dev: Dev) -> None:
    secrets = [shared_dev.printed("Sign in").rsplit("/", 1)[1], shared_dev.printed("API token")]
    arguments = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in shared_dev.pids()]
    files = [path.read_bytes() for path in (shared_dev.root / "var").rglob("*") if path.is_file()]
    assert not [secret for secret in secrets for text in arguments + files if secret.encode() in text]


def test_a_syntax_error_is_shown_while_the_last_good_code_runs_on(shared_dev: Dev) -> None:
    view = shared_dev.root / "project" / "health.py"
    good = view.read_text()

    view.write_text(good.replace('{"status": "ok"}', '{"status": }'))
    shared_dev.wait_for(r"project/health.py:\d+: .*expected")
    shared_dev.wait_for("Not reloaded")
    assert shared_dev.get("/livez").json() == {"status": "ok"}

    view.write_text(good.replace('{"status": "ok"}', '{"status": "reloaded"}'))
    shared_dev.wait_for("Reloaded: project/health.py")
    while shared_dev.get("/livez").json() == {"status": "ok"}:  # the old process may still be leaving
        pass
    assert shared_dev.get("/livez").json() == {"status": "reloaded"}


def test_what_only_fails_when_imported_does_not_replace_the_running_code(shared_dev: Dev) -> None:
    routing = shared_dev.root / "consumers" / "routing.py"
    good = routing.read_text()

    routing.write_text(good + "import no_such_module\n")
    shared_dev.wait_for("No module named 'no_such_module'")
    shared_dev.wait_for("Not reloaded")
    assert shared_dev.get("/livez").status_code == 200

    routing.write_text(good)
    shared_dev.wait_for("Reloaded: consumers/routing.py")
    shared_dev.wait_for(r"web +\| .*Serving")


def test_no_request_is_refused_during_a_reload(dev: Dev) -> None:
    dev.wait_for("Stop +Ctrl-C")
    (dev.root / "jobs" / "added.py").write_text("")
    answers = {dev.get("/livez").status_code}
    while not dev.has_said(r"web +\| .*Serving"):
        answers.add(dev.get("/livez").status_code)
    assert answers == {200}


def test_a_killed_process_is_started_again(shared_dev: Dev) -> None:
    for name, script in (("web", "manage.py"), ("worker", "worker.py")):
        os.kill(shared_dev.pid_of(script), signal.SIGKILL)
        shared_dev.wait_for(rf"{name} ended \(SIGKILL\); it starts again in 0.5 s")
    assert shared_dev.get("/livez").status_code == 200


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_being_told_to_stop_leaves_no_process(dev: Dev, told: signal.Signals) -> None:
    dev.wait_for("Stop +Ctrl-C")
    assert (dev.root / "var" / "sign-in").stat().st_mode & 0o777 == 0o600
    assert len(dev.pids()) >= 4  # the supervisor, Valkey, web, worker
    assert dev.stop(told) == 0
    assert not dev.pids()
    assert not list((dev.root / "var").rglob("*.sock"))


def test_being_told_before_it_is_up_leaves_no_process(dev: Dev) -> None:
    dev.wait_for("worker")
    assert dev.stop() == 0
    assert not dev.pids()


def test_all_of_it_ends_when_the_supervisor_is_killed(dev: Dev) -> None:
    dev.wait_for("Stop +Ctrl-C")
    running = dev.pids()
    dev.stop(signal.SIGKILL)
    for pid in running:
        wait_until_gone(pid)
    assert not dev.pids()


def test_a_port_in_use_is_said_in_one_sentence_and_nothing_runs(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(checkout, port) as dev:
            assert dev.process.wait(30) == 1
    dev.wait_for(f"^handoff: Port {port} cannot be used: Address already in use. .*set PORT to another")
    assert not dev.pids()


def test_a_wrong_setting_is_said_in_one_sentence(checkout: Path) -> None:
    with started(checkout, free_port(), LOG_LEVEL="loud") as dev:
        assert dev.process.wait(30) == 1
    dev.wait_for("^handoff: LOG_LEVEL: expected one of .*, got 'loud'")
    assert len(dev.said) == 1


def test_a_second_start_of_the_same_checkout_is_refused(shared_dev: Dev) -> None:
    with started(shared_dev.root, free_port()) as second:
        assert second.process.wait(30) == 1
    second.wait_for("^handoff: Another Valkey is using .* Stop the program that started it")
    assert shared_dev.get("/livez").status_code == 200
