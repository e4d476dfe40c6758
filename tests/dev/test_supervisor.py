"""bin/dev starts, signs in, reloads and stops."""

import os
import signal
import socket
from pathlib import Path

import httpx
import pytest

from tests.dev.conftest import Dev, start, wait_until_gone

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="counts processes by /proc"),
    pytest.mark.timeout(180),
]


def test_the_link_signs_in_once_and_ctrl_c_leaves_no_process(dev: Dev) -> None:
    link = dev.link()
    with httpx.Client(timeout=20) as browser:
        first = browser.get(link)
        assert (first.status_code, first.headers["location"]) == (302, "/")
        assert "sessionid" in browser.cookies
    second = httpx.get(link)
    assert (second.status_code, "sessionid" in second.cookies) == (403, False)
    assert "works once" in second.text
    assert dev.get("/dev/sign-in/guessed").status_code == 403

    assert len(dev.pids()) >= 4  # the supervisor, Valkey, web, worker
    assert dev.stop() == 0
    assert not dev.pids()
    assert not list((dev.root / "var").rglob("*.sock"))


def test_the_printed_token_is_let_in(dev: Dev) -> None:
    dev.link()
    token = dev.wait_for(r"API token +(\S+)")[1]
    url = f"http://127.0.0.1:{dev.port}/api/v1/tasks"
    assert httpx.get(url, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert httpx.get(url).status_code == 401


def test_no_secret_is_kept_where_another_user_can_read_it(dev: Dev) -> None:
    secret = dev.link().rsplit("/", 1)[1]
    token = dev.wait_for(r"API token +(\S+)")[1]
    kept = dev.root / "var" / "sign-in"
    assert kept.stat().st_mode & 0o777 == 0o600
    for pid in dev.pids():
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        assert secret not in arguments
        assert token not in arguments
    for path in (dev.root / "var").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert secret.encode() not in content
            assert token.encode() not in content


def test_a_port_in_use_is_said_in_one_sentence_and_nothing_runs(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        dev = start(checkout, port)
        assert dev.process.wait(30) == 1
    dev.wait_for(f"^handoff: Port {port} cannot be used: Address already in use. .*set PORT to another")
    assert not dev.pids()


def test_a_wrong_setting_is_said_in_one_sentence(
    checkout: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_LEVEL", "loud")
    dev = start(checkout, port)
    assert dev.process.wait(30) == 1
    dev.wait_for("^handoff: LOG_LEVEL: expected one of .*, got 'loud'")
    assert dev.said == dev.said[-1:]


def test_a_syntax_error_is_shown_while_the_last_good_code_runs_on(dev: Dev) -> None:
    dev.link()
    view = dev.root / "project" / "health.py"
    good = view.read_text()

    view.write_text(good.replace('{"status": "ok"}', '{"status": }'))
    dev.wait_for(r"project/health.py:\d+: .*expected")
    dev.wait_for("Not reloaded")
    assert dev.get("/livez").json() == {"status": "ok"}

    view.write_text(good.replace('{"status": "ok"}', '{"status": "reloaded"}'))
    dev.wait_for("Reloaded: project/health.py")
    dev.wait_for(r"web +\| .*Serving")
    while dev.get("/livez").json() == {"status": "ok"}:  # the old process may take one more
        pass
    assert dev.get("/livez").json() == {"status": "reloaded"}


def test_what_only_fails_when_imported_does_not_replace_the_running_code(dev: Dev) -> None:
    dev.link()
    routing = dev.root / "consumers" / "routing.py"
    routing.write_text("import no_such_module\n" + routing.read_text())
    dev.wait_for("No module named 'no_such_module'")
    dev.wait_for("Not reloaded")
    assert dev.get("/livez").status_code == 200


def test_no_request_is_refused_during_a_reload(dev: Dev) -> None:
    dev.link()
    (dev.root / "jobs" / "added.py").write_text("")
    answers = {dev.get("/livez").status_code}
    while not dev.has_said(r"web +\| .*Serving"):
        answers.add(dev.get("/livez").status_code)
    assert answers == {200}


def test_a_killed_process_is_started_again(dev: Dev) -> None:
    dev.link()
    for name, script in (("web", "manage.py"), ("worker", "worker.py")):
        os.kill(dev.pid_of(script), signal.SIGKILL)
        dev.wait_for(rf"{name} ended \(SIGKILL\); it starts again in 0.5 s")
    dev.wait_for(r"web +\| .*Serving")
    assert dev.get("/livez").status_code == 200


def test_all_of_it_ends_when_the_supervisor_is_killed(dev: Dev) -> None:
    dev.link()
    started = dev.pids()
    dev.stop(signal.SIGKILL)
    for pid in started:
        wait_until_gone(pid)
    assert not dev.pids()
