"""Keeps a URL that a user gave from reaching what only this server can reach (SSRF).

`check_url` judges what can be read off a URL. `guarded_client` judges the address in the one place where a socket
is opened: the name is resolved, each of its addresses judged, and the connection made to a judged address, so a name
that resolves to something else a moment later (DNS rebinding) changes nothing. TLS still sees the name.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpcore
import httpx

from jobs.errors import InvalidInput

RESOLVE_TIMEOUT_SECONDS = 5.0
#: Between two bytes, and for a connection.
STALL_TIMEOUT_SECONDS = 15.0

#: IANA's special-purpose IPv4 registry, multicast and class E, and one public address that is a cloud's metadata.
#: `ipaddress.is_global` is not used: its answers changed between Python versions and let multicast through.
_REFUSED_IPV4 = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "carrier-grade NAT",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("168.63.129.16/32"): "cloud metadata",
    IPv4Network("169.254.0.0/16"): "link-local, where cloud metadata lives",
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "reserved for protocols",
    IPv4Network("192.0.2.0/24"): "documentation",
    IPv4Network("192.88.99.0/24"): "6to4 relay",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("198.18.0.0/15"): "benchmarking",
    IPv4Network("198.51.100.0/24"): "documentation",
    IPv4Network("203.0.113.0/24"): "documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}
#: All that is public in IPv6 today. Loopback, unique local, link-local, multicast, IPv4-mapped and NAT64 lie outside.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_REFUSED_IPV6 = {
    IPv6Network("2001::/32"): "Teredo, which hides an IPv4 address",
    IPv6Network("2001::/23"): "reserved for protocols",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("2002::/16"): "6to4, which hides an IPv4 address",
    IPv6Network("3fff::/20"): "documentation",
}

type Address = IPv4Address | IPv6Address
type Resolver = Callable[[str, int], Awaitable[list[Address]]]


class UrlRefused(InvalidInput):
    """The URL leads where a user's URL may not lead."""


def parse_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """Absolute, without fragment. Raises UrlRefused if it can't be parsed."""
    try:
        parsed = base.join(url) if base else httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise UrlRefused(f"{url[:200]!r} is no URL: {error}.") from error
    return parsed.copy_with(fragment=None)


def check_url(url: httpx.URL, *, allowed: Collection[str]) -> None:
    """Raises UrlRefused unless `url` is https on a port for it, without credentials; `allowed` may also be http."""
    if not url.host or "%" in host_of(url):  # of a name, httpx quotes what none has
        raise UrlRefused(f"Expected a URL such as https://api.example.com/items, got {str(url)[:200]!r}.")
    if url.userinfo:
        raise UrlRefused("The URL holds a user name or password; they would end up in logs. Take them out.")
    if authority(url) in allowed:
        if url.scheme not in {"http", "https"}:
            raise UrlRefused(f"Expected an http or https URL, got {url.scheme!r}.")
        return
    if url.scheme != "https":
        raise UrlRefused(f"Expected an https URL, got {url.scheme!r}: {host_of(url)} is not an allowed host.")
    if url.port is not None and url.port != 443 and not 1024 <= url.port <= 65535:
        raise UrlRefused(f"Port {url.port} is not for web APIs; expected 443, or 1024 to 65535.")
    with suppress(ValueError):  # a name: its addresses are judged when it is connected to
        _judge(host_of(url), ip_address(host_of(url)))


def authority(url: httpx.URL) -> str:
    """Host and port in lower case, as the allow-list has them: "api.internal:8080", "[::1]:8000"."""
    return _authority(host_of(url), url.port or (443 if url.scheme == "https" else 80))


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def host_of(url: httpx.URL) -> str:
    """As it goes on the wire: lower case, international names in their ASCII form, IPv6 without brackets."""
    return url.raw_host.decode("ascii").lower()


def why_refused(address: Address) -> str | None:
    """What kind of place the address is, if a user's URL may not lead there."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _REFUSED_IPV4.items() if address in network), None)
    if address not in _PUBLIC_IPV6:
        return "not a public IPv6 address"
    return next((kind for network, kind in _REFUSED_IPV6.items() if address in network), None)


def _judge(host: str, address: Address) -> None:
    if kind := why_refused(address):
        raise UrlRefused(f"{host} leads to {address} ({kind}); expected a host on the public internet.")


async def resolve(host: str, port: int) -> list[Address]:
    """The addresses of `host`, in the system's order. Raises httpcore.ConnectError if it has none."""
    try:
        async with asyncio.timeout(RESOLVE_TIMEOUT_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(
            f"The name {host} did not resolve in {RESOLVE_TIMEOUT_SECONDS} s."
        ) from error
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"The name {host} does not resolve: {error}.") from error
    return [ip_address(str(sockaddr[0])) for *_, sockaddr in found]


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens sockets to public addresses only, and to what `allowed` names."""

    def __init__(
        self,
        *,
        allowed: Collection[str],
        resolver: Resolver = resolve,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolve = resolver
        self._network = network or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connects to the first address that answers. Raises UrlRefused if any is not public."""
        failure: Exception = httpcore.ConnectError(f"The name {host} has no address.")
        for address in await self._judged_addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _judged_addresses(self, host: str, port: int) -> list[Address]:
        addresses = await self._resolve(host, port)
        if _authority(host, port) in self._allowed:
            return addresses
        for address in addresses:
            # One private address among public ones is an attack or a mistake; neither should be connected to.
            _judge(host, address)
        return addresses

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise UrlRefused("Unix sockets can't be reached from here.")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport over a guarded network. It knows no proxy: one would open the sockets in our place."""

    def __init__(self, network: GuardedNetwork) -> None:
        trusted = _trusted()
        super().__init__(verify=trusted, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=trusted, network_backend=network, max_connections=1, keepalive_expiry=30
        )


@cache
def _trusted() -> ssl.SSLContext:
    """Reading the certificates takes some 20 ms, on the event loop."""
    return httpx.create_ssl_context()


def guarded_client(network: GuardedNetwork, headers: Mapping[str, str]) -> httpx.AsyncClient:
    """A client that follows nothing by itself, keeps no cookies and reads nothing from the environment."""
    return httpx.AsyncClient(
        transport=GuardedTransport(network),
        trust_env=False,
        follow_redirects=False,
        timeout=STALL_TIMEOUT_SECONDS,
        headers=headers,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
    )
