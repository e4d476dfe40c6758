"""email.send against a real SMTP server."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

import pytest

from jobs import InvalidInput, Retry, Snooze
from jobs.arguments import parse
from jobs.errors import InvalidArguments
from jobs.models import Delivery
from jobs.tasks.email import send
from jobs.tasks.email.deliveries import Deliveries
from jobs.tasks.email.smtp import Reply
from jobs.tasks.email.task import NothingSent
from jobs.worker.context import JobContext
from tests.tasks.contexts import new_context, next_attempt
from tests.tasks.mail_server import MailServer, mailer_at, refuse_login, running_mail_server

pytestmark = pytest.mark.django_db

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """Runs, and is the default mailer."""
    with running_mail_server() as (server, port):
        settings.MAILERS = mailer_at(port)
        yield server


def run(context: JobContext, to: list[str], **arguments: Any) -> Any:
    return send.call(context, to, **{"subject": "Hello", "body": "A text.", **arguments})


def test_each_gets_a_message_of_their_own_and_sees_nobody_else(mail_server: MailServer) -> None:
    result = run(new_context(send), [ANN, BOB])
    assert result == {"sent": [ANN, BOB], "refused": [], "postponed": []}
    assert [message["To"] for message in mail_server.taken] == [ANN, BOB]
    assert ANN not in mail_server.taken[1].as_string()


def test_a_message_has_text_html_and_where_to_answer(mail_server: MailServer) -> None:
    run(new_context(send), [ANN], body="Grüße 👋", html="<b>Grüße</b>", reply_to="desk@example.com")
    (message,) = mail_server.taken
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain
    assert plain.get_content().strip() == "Grüße 👋"
    assert html
    assert html.get_content().strip() == "<b>Grüße</b>"
    assert message["Reply-To"] == "desk@example.com"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_same_address_twice_gets_one_message(mail_server: MailServer) -> None:
    assert run(new_context(send), [ANN, BOB, "Ann@Example.com"])["sent"] == [ANN, BOB]
    assert mail_server.asked == [ANN, BOB]


def test_who_is_put_off_is_tried_again_and_who_got_it_is_not(mail_server: MailServer) -> None:
    mail_server.answers[BOB] = "450 4.2.0 Greylisted"
    context = new_context(send)
    with pytest.raises(Retry, match=r"2 of 3 .*bob@example.com: 450 4.2.0 Greylisted") as raised:
        run(context, [ANN, BOB, EVE])
    assert raised.value.after == timedelta(minutes=1)

    mail_server.answers.clear()
    mail_server.asked.clear()
    result = run(next_attempt(context), [ANN, BOB, EVE])
    assert result["sent"] == [ANN, BOB, EVE]
    assert mail_server.asked == [BOB]


def test_who_is_refused_is_recorded_and_not_asked_again(mail_server: MailServer) -> None:
    mail_server.answers |= {ANN: "550 5.1.1 No such user", BOB: "450 Busy"}
    context = new_context(send)
    with pytest.raises(Retry):
        run(context, [ANN, BOB])
    mail_server.answers[BOB] = "250 OK"
    mail_server.asked.clear()
    assert run(next_attempt(context), [ANN, BOB]) == {
        "sent": [BOB],
        "refused": [{"to": ANN, "code": 550, "reason": "5.1.1 No such user"}],
        "postponed": [],
    }
    assert mail_server.asked == [BOB]


def test_a_refused_content_is_a_refusal(mail_server: MailServer) -> None:
    mail_server.content_answer = "554 5.7.1 Looks like spam"
    with pytest.raises(
        NothingSent, match=r"0 of 1 messages sent\. ann@example.com: 554 5.7.1 Looks like spam"
    ):
        run(new_context(send), [ANN])


def test_when_all_are_refused_the_job_fails_and_a_retry_by_hand_asks_again(mail_server: MailServer) -> None:
    mail_server.answers |= {ANN: "550 No", BOB: "553 No"}
    context = new_context(send)
    with pytest.raises(NothingSent):
        run(context, [ANN, BOB])
    assert NothingSent in send.give_up_on

    mail_server.answers.clear()
    assert run(next_attempt(context), [ANN, BOB])["sent"] == [ANN, BOB]


def test_the_last_attempt_records_those_still_put_off(mail_server: MailServer) -> None:
    mail_server.answers[BOB] = "451 Later"
    assert run(new_context(send, attempt=send.max_attempts), [ANN, BOB]) == {
        "sent": [ANN],
        "refused": [],
        "postponed": [{"to": BOB, "code": 451, "reason": "Later"}],
    }


def test_a_server_that_is_not_there_is_tried_again_and_at_last_fails_the_job(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings.MAILERS = mailer_at(port)
    with pytest.raises(Retry, match=r"The mail server can't be reached: .*refused"):
        run(new_context(send), [ANN])
    with pytest.raises(NothingSent, match="can't be reached"):
        run(new_context(send, attempt=send.max_attempts), [ANN])


def test_a_server_that_never_answers_is_given_up_after_its_time_limit(settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.MAILERS = mailer_at(silent.getsockname()[1], timeout=0.1)
        with pytest.raises(Retry, match=r"can't be reached: .*timed out"):
            run(new_context(send), [ANN])


def test_a_refused_login_is_said_and_tried_again(settings: Any) -> None:
    with running_mail_server(authenticator=refuse_login, auth_require_tls=False) as (server, port):
        settings.MAILERS = mailer_at(port, username="ann", password="wrong")
        with pytest.raises(Retry, match="refused our login: 535"):
            run(new_context(send), [ANN])
    assert server.taken == []


@pytest.mark.parametrize("answer", ["drop", "421 4.3.2 Shutting down"])
def test_when_the_server_hangs_up_the_rest_is_sent_by_the_next_attempt(
    mail_server: MailServer, answer: str
) -> None:
    mail_server.answers[BOB] = answer
    context = new_context(send)
    with pytest.raises(Retry, match=r"1 of 3 messages sent"):
        run(context, [ANN, BOB, EVE])
    assert mail_server.taken_by == [ANN]

    mail_server.answers.clear()
    assert run(next_attempt(context), [ANN, BOB, EVE])["sent"] == [ANN, BOB, EVE]
    assert mail_server.taken_by == [ANN, BOB, EVE]


def test_a_crash_before_the_answer_was_recorded_sends_again_with_the_same_message_id(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    record = Deliveries.ends

    def cut(self: Deliveries, recipient: str, reply: Reply) -> None:
        if reply.outcome == Delivery.Outcome.SENT:
            raise PowerCut
        record(self, recipient, reply)

    context = new_context(send)
    monkeypatch.setattr(Deliveries, "ends", cut)
    with pytest.raises(PowerCut):
        run(context, [ANN])
    monkeypatch.undo()
    assert Delivery.objects.get().outcome == "sending"

    run(next_attempt(context), [ANN])
    first, second = mail_server.taken
    assert first["Message-ID"] == second["Message-ID"]


def test_recipients_and_jobs_have_message_ids_of_their_own(mail_server: MailServer) -> None:
    run(new_context(send), [ANN, BOB])
    run(new_context(send), [ANN])
    assert len({message["Message-ID"] for message in mail_server.taken}) == 3


def test_when_told_to_stop_it_stops_between_two_messages_and_goes_on_later(mail_server: MailServer) -> None:
    context = new_context(send)
    stop = cast("threading.Event", context.stop)
    stop.set()
    with pytest.raises(Snooze):
        run(context, [ANN, BOB])
    assert mail_server.asked == []
    stop.clear()
    assert run(context, [ANN, BOB])["sent"] == [ANN, BOB]


def test_progress_counts_messages(mail_server: MailServer) -> None:
    said: list[tuple[float, str]] = []
    run(new_context(send, said=said), [ANN, BOB])
    assert said == [(0.0, "0 of 2 sent"), (0.5, "1 of 2 sent"), (1.0, "2 of 2 sent")]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"subject": "Hi\nBcc: eve@example.com"}, "The subject holds a line break"),
        ({"subject": "Hi\r\n\r\nbody"}, "The subject holds a line break"),
        ({"subject": "Hi\u2028there"}, "The subject holds a line break"),
        ({"subject": "Hi\x00"}, "The subject holds a line break or control character"),
        ({"subject": " "}, "The subject is empty"),
        ({"subject": "x" * 201}, "The subject has 201 characters; expected at most 200"),
        ({"body": "x" * 50_001}, "The body has 50001 characters"),
        ({"html": "x" * 50_001}, "The HTML has 50001 characters"),
        ({"body": "half \ud800"}, "The body holds a NUL or half a surrogate pair"),
        ({"reply_to": "a@example.com\nBcc: eve@example.com"}, "The reply-to address holds a line break"),
        ({"reply_to": "nobody"}, "The reply-to address is no address"),
        ({"to": []}, "Expected 1 to 100 recipients, got 0"),
        ({"to": [ANN, "b@example.com\nBcc: eve@example.com"]}, "Recipient 2 holds a line break"),
        ({"to": ["Ann <ann@example.com>"]}, "Recipient 1 is no address"),
        ({"to": ["ann@example.com, eve@example.com"]}, "Recipient 1 is no address"),
        ({"to": ['"a b"@example.com']}, "Recipient 1 is no address"),
        ({"to": ["grüße@example.com"]}, "Recipient 1 is no address"),
        ({"to": ["ann"]}, "Recipient 1 is no address"),
        ({"to": ["a@" + "x" * 250 + ".com"]}, "Recipient 1 has 256 characters"),
    ],
)
def test_what_can_not_be_mailed_is_refused_before_anything_is_sent(
    mail_server: MailServer, arguments: dict[str, Any], sentence: str
) -> None:
    arguments = {"to": [ANN], "subject": "Hello", "body": "A text.", **arguments}
    with pytest.raises(InvalidInput, match=sentence):
        send.call(new_context(send), **arguments)
    assert mail_server.asked == []


def test_a_hundred_recipients_are_mailed_and_one_more_is_refused(mail_server: MailServer) -> None:
    crowd = [f"person{number}@example.com" for number in range(101)]
    assert len(run(new_context(send), crowd[:100])["sent"]) == 100
    with pytest.raises(InvalidInput, match="Expected 1 to 100 recipients, got 101"):
        run(new_context(send), crowd)
    assert len(mail_server.asked) == 100


def test_over_http_the_limits_are_in_the_schema() -> None:
    arguments: dict[str, Any] = {"to": [ANN], "subject": "Hello", "body": "A text."}
    assert parse(send, arguments) == arguments
    with pytest.raises(InvalidArguments, match="at most 100 items"):
        parse(send, arguments | {"to": [ANN] * 101})
    with pytest.raises(InvalidArguments, match="at most 200 characters"):
        parse(send, arguments | {"subject": "x" * 201})
