"""What one address can hold: kernel memory, connections, streams."""

import http.client
import json
import pathlib
import resource
import socket
import struct
import zlib

from service import until
from target import chunk, png

KIB = 1024
SMALL_BUFFER = 4096
LISTEN, TIME_WAIT = "0A", "06"
STRANGER = "127.0.0.66"


def connections(port):
    """Of all connections from that port, whether a process still has them or not: how many, and the bytes not taken."""
    rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    ours = [row for row in rows if int(row[1].split(":")[1], 16) == port and row[3] not in (LISTEN, TIME_WAIT)]
    return len(ours), sum(int(row[4].split(":")[0], 16) for row in ours)


def client(port, request=b"", source="127.0.0.1"):
    """A connection that has sent what went of `request` and reads nothing by itself."""
    connection = socket.socket()
    # The client's own buffer is not what is measured.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
    connection.settimeout(10)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    connection.setblocking(False)
    try:
        connection.send(request)
    except OSError:
        pass  # refused, cut, or full: nothing more to gain
    return connection


def most_until_cut(port):
    """The most bytes in the kernel that nobody takes, until the service has reset all connections."""
    until("answers", lambda: connections(port)[1] > 0)
    most = 0

    def cut():
        nonlocal most
        left, unsent = connections(port)
        most = max(most, unsent)
        return left == 0

    until("the connections to be reset", cut, 60)
    return most


def coloured_png(number):
    """One pixel, of a colour of its own."""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(struct.pack(">I", number))) + chunk(b"IEND", b""))


def answers_never_read(target):
    """150 connections ask 76 times each for the largest answer in one go, and read none: little stays in the kernel, and
    nothing outlives them."""
    count = 150
    service = target.start()
    held = [client(service.port, b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 76) for _ in range(count)]
    most = most_until_cut(service.port)
    cut = service.metric("thumbmill_http_rejected_total", reason="answer_timeout")
    for connection in held:
        connection.close()
    bound = count * 192 * KIB
    assert most <= bound, f"{most // KIB} KiB in the kernel, of {bound // KIB}"
    assert cut == count, f"{cut:.0f} of {count} were cut"
    return f"{most // KIB} KiB in the kernel at most, of {bound // KIB}; all {count} reset"


def event_replay_never_read(target):
    """60 streams of all events from the first on, which nobody reads: neither kernel nor process holds them for each."""
    count, images, most_growth_kb = 60, 200, 20_000
    service = target.start("--idle-time", "2s")
    for number in range(images):
        status, _ = service.upload(coloured_png(number))
        assert status == 202, f"an upload was answered {status}"
    before = target.resident_kb()
    request = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n"
    held = [client(service.port, request) for _ in range(count)]
    with target.peak_kb() as peak:
        most = most_until_cut(service.port)
    for connection in held:
        connection.close()
    bound, grown = count * 32 * KIB, peak.kb - before
    assert most <= bound, f"{most // KIB} KiB in the kernel, of {bound // KIB}"
    assert grown < most_growth_kb, f"{grown} kB more resident, of {most_growth_kb}"
    return f"{most // KIB} KiB in the kernel at most, of {bound // KIB}; {grown} kB more resident"


def slow_heads(target):
    """600 connections that begin a request and do not go on: good requests are answered meanwhile."""
    service = target.start()
    held = []
    for _ in range(600):
        try:
            held.append(client(service.port, b"GET /v1/queue HTTP/1.1\r\nHost: local"))
        except OSError:
            break  # the bound
    expect_served(target, 20)
    for connection in held:
        connection.close()
    return f"{len(held)} connections; 20 of 20 good requests answered"


def expect_served(target, count):
    statuses = [target.ask("GET", "/v1/queue")[0] for _ in range(count)]
    assert statuses == [200] * count, f"good requests were answered {statuses}"


def connections_of_one_address(target):
    """One address comes back with as many connections as there are at all, again and again: others are served, it is not."""
    service = target.start("--max-connections", "40", "--max-connections-per-address", "20", "--exempt-addresses", "")
    held = [client(service.port, b"GET /slow HT", STRANGER) for _ in range(60)]

    def refused():
        return service.metric("thumbmill_http_rejected_total", reason="too_many_of_address")

    until("40 connections to be refused", lambda: refused() >= 40)
    stranger = http.client.HTTPConnection("127.0.0.1", service.port, 10, source_address=(STRANGER, 0))
    stranger.request("GET", "/v1/queue")
    answer = stranger.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (429, "rate-limited"), f"the next was answered {answer.status}"
    stranger.close()
    expect_served(target, 10)
    for connection in held:
        connection.close()
    return f"{refused():.0f} refused with 429; 10 of 10 requests of another address answered"


def slow_uploads(target):
    """200 uploads that begin and do not go on, with 300 descriptors in all: there are some left for others."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, before[1]))
    try:
        # A long grace, so that none is cut meanwhile. The service takes this process's limit over.
        service = target.start("--body-grace", "1m")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    held = [client(service.port, b"POST /v1/images HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
                                 b"Content-Length: 100000\r\n\r\n\x89PNG\r\n\x1a\n") for _ in range(200)]
    expect_served(target, 10)
    for connection in held:
        connection.close()
    return "200 uploads; 10 of 10 other requests answered"


def encoded_slashes(target):
    """A slash as %2F takes no request to a route that it does not show."""
    target.start()
    tried = [("DELETE", "/v1%2Fdead"), ("POST", "/v1/dead%2fretry"), ("DELETE", "/v1%2fimages/x"), ("GET", "/v1%2Fqueue"),
             ("GET", "/v1/images%2F..%2Fqueue"), ("GET", "/v1/images/%2e%2e/queue"), ("GET", "/%76%31/queue%00")]
    for method, path in tried:
        status = target.ask(method, path)[0]
        assert status == 400, f"{method} {path} was answered {status}"
    assert target.ask("DELETE", "/v1/dead")[0] == 200, "the route itself does not answer"
    return f"{len(tried)} paths, all answered 400"


def two_hosts(target):
    """A target with a host of its own, and a Host that names another or the same."""
    service = target.start()
    own = f"127.0.0.1:{service.port}"
    tried = [("http://evil.example", "localhost", 400), ("http://evil.example", "evil.example", 421), (f"http://{own}", own, 200)]
    for host, field, wanted in tried:
        status, _, _ = target.ask("GET", f"{host}/v1/queue", Host=field)
        assert status == wanted, f"{host} with Host {field} was answered {status}"
    return ", ".join(f"{host} and {field}: {wanted}" for host, field, wanted in tried)


CASES = [answers_never_read, event_replay_never_read, slow_heads, connections_of_one_address, slow_uploads, encoded_slashes,
         two_hosts]
