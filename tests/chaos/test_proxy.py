"""The network between, as the proxy breaks it."""

import socket
import time

import pytest

from tests.chaos.proxy import Proxy

#: How long a client listens to a silent line.
PATIENCE_SECONDS = 0.2


@pytest.fixture
def proxy(valkey):
    with Proxy(valkey.path) as proxy:
        yield proxy


@pytest.fixture
def client(proxy):
    with connect(proxy) as client:
        yield client


def connect(proxy):
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def ping(client, patience=5.0):
    client.settimeout(patience)
    client.sendall(b"PING\r\n")
    return client.recv(64)


def test_what_is_sent_comes_through(client):
    assert [ping(client), ping(client)] == [b"+PONG\r\n"] * 2


def test_a_cut_resets_what_is_connected_and_what_connects(proxy, client):
    ping(client)
    proxy.cut()
    with pytest.raises(ConnectionError):
        ping(client)
    with pytest.raises(ConnectionError), connect(proxy) as other:
        ping(other)
    proxy.heal()
    with connect(proxy) as other:
        assert ping(other) == b"+PONG\r\n"


def test_a_silent_line_answers_nobody_and_hangs_up_on_nobody(proxy, client):
    ping(client)
    proxy.silence()
    with pytest.raises(TimeoutError):
        ping(client, PATIENCE_SECONDS)
    with connect(proxy) as other, pytest.raises(TimeoutError):
        ping(other, PATIENCE_SECONDS)


def test_a_line_that_was_silent_stays_so_and_new_ones_are_not(proxy, client):
    ping(client)
    proxy.silence()
    proxy.heal()
    with pytest.raises(TimeoutError):
        ping(client, PATIENCE_SECONDS)
    with connect(proxy) as other:
        assert ping(other) == b"+PONG\r\n"


def test_a_slow_line_is_slow(proxy, client):
    ping(client)
    proxy.lag_seconds = 0.1
    began = time.monotonic()
    assert ping(client) == b"+PONG\r\n"
    assert time.monotonic() - began >= 0.2, "there and back"


def test_a_server_that_is_away_resets(tmp_path):
    with Proxy(tmp_path / "nobody") as proxy, pytest.raises(ConnectionError), connect(proxy) as client:
        ping(client)
