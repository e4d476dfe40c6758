"""Which URLs and addresses a user's URL may lead to."""

import ssl
from collections.abc import Iterable
from ipaddress import ip_address

import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.guard import (
    Address,
    GuardedNetwork,
    UrlRefused,
    authority,
    check_url,
    guarded_client,
    resolve,
    why_refused,
)
from jobs.tasks.sync.fetch import HEADERS, SourceFailed, fetch

PUBLIC = [
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1",
    "192.0.1.1", "198.17.255.255", "198.20.0.1", "223.255.255.255", "11.0.0.1", "128.0.0.1", "169.253.255.255",
    "2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:81b::200e", "2003::1", "2001:200::1",
]  # fmt: skip

NOT_PUBLIC = [
    # loopback, "this network", private
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.255.255", "::1", "::", "fc00::1", "fd12:3456::1", "fec0::1",
    # link-local and the clouds' metadata: AWS, GCP and Azure; AWS over IPv6; Alibaba; Oracle; Azure's wire server
    "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "100.100.100.200", "192.0.0.192",
    "168.63.129.16",
    # carrier-grade NAT, protocol assignments, documentation, benchmarking
    "100.64.0.1", "100.127.255.255", "192.0.0.1", "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1",
    "198.19.255.255", "192.88.99.1", "2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "2001:20::1", "100::1",
    # multicast, reserved, broadcast
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "ff02::1", "ff0e::1", "4000::1", "5f00::1",
    # forms that hide an IPv4 address: mapped, compatible, NAT64, its local form, 6to4, Teredo
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert why_refused(ip_address(address)) is None


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_any_other_address_may_not(address: str) -> None:
    assert why_refused(ip_address(address))


@given(st.ip_addresses())
def test_what_python_calls_not_global_is_never_public_to_us(address: Address) -> None:
    if not address.is_global or address.is_multicast or address.is_loopback or address.is_reserved:
        assert why_refused(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_hidden_in_an_ipv6_one_is_never_public(address: Address) -> None:
    for hidden in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}"):
        assert why_refused(ip_address(hidden))


@pytest.mark.parametrize(
    "url, sentence",
    [
        ("http://api.example.com/items", "Expected an https URL, got 'http'"),
        ("ftp://api.example.com/items", "Expected an https URL"),
        ("file:///etc/passwd", "Expected a URL such as"),
        ("gopher://api.example.com/", "Expected an https URL"),
        ("/items", "Expected a URL such as"),
        ("", "Expected a URL such as"),
        ("https:///items", "Expected a URL such as"),
        ("https://api example.com/", "Expected a URL such as"),
        ("https://user:secret@api.example.com/", "holds a user name or password"),
        ("https://user@api.example.com/", "holds a user name or password"),
        ("https://api.example.com:22/", "Port 22 is not for web APIs"),
        ("https://api.example.com:25/", "Port 25"),
        ("https://api.example.com:80/", "Port 80"),
        ("https://127.0.0.1/", r"127.0.0.1 leads to 127.0.0.1 \(loopback\)"),
        ("https://[fd00:ec2::254]/", "not a public IPv6 address"),
        # The allow-list names a host with its port, and nothing that only looks like it.
        ("http://internal.example:8081/", "Expected an https URL"),
        ("http://internal.example/", "Expected an https URL"),
        ("http://internal.example.evil.example:8080/", "Expected an https URL"),
        ("http://internal.example.:8080/", "Expected an https URL"),
        ("ws://internal.example:8080/", "Expected an http or https URL"),
        ("http://user:x@internal.example:8080/", "holds a user name or password"),
    ],
)
def test_a_url_that_may_not_be_asked_for_is_refused_with_a_sentence(url: str, sentence: str) -> None:
    with pytest.raises(UrlRefused, match=sentence):
        check_url(httpx.URL(url), allowed=["internal.example:8080"])


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com/items?page=1",
        "https://api.example.com:443/",
        "https://api.example.com:8443/",
        "https://münchen.example/",
        "http://internal.example:8080/",
        "https://internal.example:8080/",
        "http://INTERNAL.example:8080/",
    ],
)
def test_a_url_that_may_be_asked_for_passes(url: str) -> None:
    check_url(httpx.URL(url), allowed=["internal.example:8080"])


def test_the_allow_list_has_ipv6_addresses_in_brackets() -> None:
    assert authority(httpx.URL("http://[::1]:8000/")) == "[::1]:8000"


class Network(httpcore.AsyncNetworkBackend):
    """Where sockets would be opened: remembers to which address, and which name TLS was told."""

    def __init__(self, *, unreachable: Iterable[str] = ()) -> None:
        self.unreachable = set(unreachable)
        self.connected: list[str] = []
        self.names: list[str | None] = []

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109  httpcore's signature
        self.connected.append(f"{host}:{port}")
        if host in self.unreachable:
            raise httpcore.ConnectError("no route")
        return Stream(self)


class Stream(httpcore.AsyncMockStream):
    def __init__(self, network: Network) -> None:
        super().__init__(
            [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"]
        )
        self._network = network

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        assert ssl_context.verify_mode == ssl.CERT_REQUIRED
        assert ssl_context.check_hostname
        self._network.names.append(server_hostname)
        return self


def resolver(*answers: list[str]):
    """Gives one answer after the other; the last stays."""
    left = list(answers)

    async def resolve_next(host: str, port: int) -> list[Address]:
        return [ip_address(address) for address in (left.pop(0) if len(left) > 1 else left[0])]

    return resolve_next


async def test_the_judged_address_is_connected_to_and_tls_sees_the_name() -> None:
    network = Network()
    guarded = GuardedNetwork(allowed=[], resolver=resolver(["93.184.215.14"]), network=network)
    async with guarded_client(guarded, HEADERS) as client:
        await fetch(client, "https://api.example.com/items", etag="", allowed=[])
    assert network.connected == ["93.184.215.14:443"]
    assert network.names == ["api.example.com"]


async def test_a_name_that_turns_private_after_the_check_is_not_followed_there() -> None:
    """DNS rebinding: the first answer is public and is used; the next connection is judged anew."""
    network = Network()
    guarded = GuardedNetwork(allowed=[], resolver=resolver(["93.184.215.14"], ["127.0.0.1"]), network=network)
    async with guarded_client(guarded, HEADERS) as client:
        await fetch(client, "https://rebind.example/", etag="", allowed=[])
    async with guarded_client(guarded, HEADERS) as client:
        with pytest.raises(UrlRefused, match=r"rebind.example leads to 127.0.0.1 \(loopback\)"):
            await fetch(client, "https://rebind.example/", etag="", allowed=[])
    assert network.connected == ["93.184.215.14:443"]


async def test_one_private_address_among_public_ones_is_refused() -> None:
    network = Network()
    guarded = GuardedNetwork(allowed=[], resolver=resolver(["93.184.215.14", "10.0.0.5"]), network=network)
    with pytest.raises(UrlRefused, match=r"10.0.0.5 \(private\)"):
        await guarded.connect_tcp("mixed.example", 443)
    assert network.connected == []


async def test_the_next_address_is_tried_when_one_does_not_answer() -> None:
    network = Network(unreachable=["2606:4700::1"])
    guarded = GuardedNetwork(
        allowed=[], resolver=resolver(["2606:4700::1", "93.184.215.14"]), network=network
    )
    await guarded.connect_tcp("api.example.com", 443)
    assert network.connected == ["2606:4700::1:443", "93.184.215.14:443"]


async def test_when_no_address_answers_it_is_the_source_that_failed() -> None:
    guarded = GuardedNetwork(
        allowed=[], resolver=resolver(["93.184.215.14"]), network=Network(unreachable=["93.184.215.14"])
    )
    async with guarded_client(guarded, HEADERS) as client:
        with pytest.raises(SourceFailed, match="no route"):
            await fetch(client, "https://api.example.com/", etag="", allowed=[])


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "0"],
)
async def test_this_machine_is_refused_in_every_spelling_the_system_understands(host: str) -> None:
    network = Network()
    with pytest.raises((UrlRefused, httpcore.ConnectError)):
        await GuardedNetwork(allowed=[], network=network).connect_tcp(host, 443)
    assert network.connected == []


async def test_an_allowed_host_may_be_private_on_its_port_only() -> None:
    network = Network()
    guarded = GuardedNetwork(
        allowed=["internal.example:8080"], resolver=resolver(["10.0.0.5"]), network=network
    )
    await guarded.connect_tcp("internal.example", 8080)
    with pytest.raises(UrlRefused):
        await guarded.connect_tcp("internal.example", 8443)
    assert network.connected == ["10.0.0.5:8080"]


async def test_unix_sockets_are_refused() -> None:
    with pytest.raises(UrlRefused, match="Unix sockets"):
        await GuardedNetwork(allowed=[]).connect_unix_socket("/run/docker.sock")


async def test_a_name_that_does_not_resolve_is_a_connection_error() -> None:
    with pytest.raises(httpcore.ConnectError, match="does not resolve"):
        await resolve("no-such-name.invalid", 443)
    with pytest.raises(httpcore.ConnectError, match="does not resolve"):
        await resolve("x" * 70 + ".example", 443)  # no label may be longer than 63


async def test_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    network = Network()
    guarded = GuardedNetwork(allowed=[], resolver=resolver(["93.184.215.14"]), network=network)
    async with guarded_client(guarded, HEADERS) as client:
        await fetch(client, "https://api.example.com/", etag="", allowed=[])
    assert network.connected == ["93.184.215.14:443"]
