"""What one address can hold: kernel memory, connections, streams."""

import json
import pathlib
import re
import socket
import struct
import time

from target import png

PAGE_KB = 4
MOST_KERNEL_KB = 100_000


def tcp_memory_kb():
    """Of all connections on this machine, those that nobody owns any more included: /proc/net/sockstat."""
    text = pathlib.Path("/proc/net/sockstat").read_text(encoding="ascii")
    return int(re.search(r"TCP: .* mem (\d+)", text).group(1)) * PAGE_KB


def connect(port):
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    # The client's own buffer is not what is measured.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.setblocking(False)
    return connection


def send_all_that_goes(connection, data):
    try:
        connection.sendall(data)
    except OSError:
        pass  # refused, cut, or full: nothing more to gain


def most_within(seconds):
    """The most of tcp_memory_kb()."""
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end:
        most = max(most, tcp_memory_kb())
        time.sleep(0.1)
    return most


def answers_never_read(target):
    """150 connections ask 76 times each for the largest answer in one go, and read none: kernel memory stays bounded."""
    service = target.start()
    before = tcp_memory_kb()
    request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    connections = [connect(service.port) for _ in range(150)]
    for connection in connections:
        send_all_that_goes(connection, request * 76)
    most = most_within(5) - before
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert most < MOST_KERNEL_KB, f"{most} kB of kernel memory"
    return f"{most} kB of kernel memory at most, of {MOST_KERNEL_KB}"


def event_replay_never_read(target):
    """200 streams of all events from the first on, which nobody reads: neither kernel nor process takes memory for each."""
    service = target.start()
    for _ in range(50):
        service.upload(png())
    service.ended(json.loads(target.ask("POST", "/v1/images", png())[2])["id"])
    kernel, process = tcp_memory_kb(), target.resident_kb()
    request = b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 0\r\n\r\n"
    connections = [connect(service.port) for _ in range(200)]
    for connection in connections:
        send_all_that_goes(connection, request)
    with target.peak_kb() as peak:
        kernel = most_within(4) - kernel
    for connection in connections:
        connection.close()
    process = peak.kb - process
    assert kernel < MOST_KERNEL_KB and process < MOST_KERNEL_KB, f"kernel {kernel} kB, process {process} kB more"
    return f"at most {kernel} kB of kernel memory and {process} kB of the process more, of {MOST_KERNEL_KB} each"


def slow_heads(target):
    """600 connections that begin a request and do not go on: good requests are answered meanwhile."""
    service = target.start()
    connections = []
    for _ in range(600):
        try:
            connections.append(connect(service.port))
        except OSError:
            break  # the bound
        send_all_that_goes(connections[-1], b"GET /v1/queue HTTP/1.1\r\nHost: local")
    seconds, served = [], 0
    for _ in range(20):
        began = time.monotonic()
        try:
            served += target.ask("GET", "/v1/queue")[0] == 200
        except OSError:
            pass
        seconds.append(time.monotonic() - began)
    for connection in connections:
        connection.close()
    assert served == 20, f"{served} of 20 good requests were answered beside {len(connections)} connections"
    return f"{len(connections)} connections; 20 of 20 good requests answered, in {max(seconds):.2f} s at most"


def encoded_slashes(target):
    """A slash as %2F takes no request to a route that it does not show."""
    target.start()
    tried = [("DELETE", "/v1%2Fdead"), ("POST", "/v1/dead%2Fretry"), ("GET", "/v1%2Fqueue"), ("GET", "/v1/images%2F..%2Fqueue"),
             ("GET", "/v1/images/%2e%2e/queue"), ("GET", "/%76%31/queue%00")]
    seen = {}
    for method, path in tried:
        status = target.ask(method, path)[0]
        assert status in (400, 404, 405), f"{method} {path} was answered {status}"
        seen[path] = status
    return ", ".join(f"{path} {status}" for path, status in seen.items())


def two_hosts(target):
    """A target with a host of its own and a Host that names another."""
    service = target.start()
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(b"GET http://evil.example/v1/queue HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        status = connection.recv(4096).split()[1].decode()
    assert status.startswith("4"), f"was answered {status}"
    return f"answered {status}"


CASES = [answers_never_read, event_replay_never_read, slow_heads, encoded_slashes, two_hosts]
