"""The receiver that docs/webhooks.md shows verifies what we sign, and its numbers are ours."""

import re
import threading
from datetime import datetime, timedelta
from http.server import HTTPServer
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from jobs.api.webhooks import MAX_WEBHOOKS
from jobs.models import WebhookDelivery, WebhookEndpoint
from jobs.models.webhook import OVERLAP
from jobs.tasks.webhooks import rows, sending, task

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()


@pytest.fixture
def receiver(monkeypatch):
    """The endpoint whose secret it knows, and its address."""
    endpoint = WebhookEndpoint(url="")
    monkeypatch.setenv("WEBHOOK_SECRET", endpoint.new_secret())
    shown: dict[str, type] = {"__name__": "receiver"}
    exec(re.findall(r"```python\n(# receiver.py\n.*?)```", PAGE, re.DOTALL)[0], shown)
    shown["Receiver"].log_message = lambda *_: None
    with HTTPServer(("127.0.0.1", 0), shown["Receiver"]) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield endpoint, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        serving.join()


def test_the_receiver_takes_what_is_signed_once_and_refuses_the_rest(receiver, capsys):
    endpoint, url = receiver
    body = '{"id": "1", "subject": "job", "type": "t", "data": {"result": 2}}'
    delivery = WebhookDelivery(endpoint=endpoint, body=body)

    def post(at: datetime, body: str = body) -> int:
        return httpx.post(url, content=body, headers=sending.signature(delivery, at)).status_code

    now = timezone.now()
    assert [post(now), post(now)] == [204, 204]
    assert capsys.readouterr().out == "job t 2\n", "the second time it is passed over"
    assert post(now, body.replace("2", "3")) == 400
    assert post(now - timedelta(minutes=6)) == 400


@pytest.mark.parametrize(
    "said",
    [
        f"within {sending.TRY_TIMEOUT_SECONDS:g} s",
        f"| {task.MAX_TRIES}: after 5 s, 1 min, 5 min, 30 min, 2 h, 5 h and 10 h",
        f"{rows.MAX_FAILURES} deliveries in a row given up, and nothing arrived for {rows.MAX_SILENCE.days} days",
        f"tries kept of a delivery | {rows.MAX_LOGGED_TRIES} ",
        f"webhooks of one user | {MAX_WEBHOOKS} ",
        f"for {OVERLAP.total_seconds() / 3600:g} hours after the change",
    ],
)
def test_each_number_of_the_page_is_ours(said):
    assert said in PAGE
