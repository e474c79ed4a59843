"""A proxy before an HTTP server that harms what passes through it, as a test tells it to: it resets connections, delays
answers, lets them drip or never gives them, and answers with the errors that an S3 server gives under load, or with
refusals of one that lacks something."""

import random
import socket
import struct
import threading
import time

SLOW_DOWN = (b"HTTP/1.1 503 Slow Down\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n"
             b"\r\n%s")
SLOW_DOWN_BODY = b"<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"
LATE_ERROR = b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
LATE_ERROR_BODY = b"<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>We failed.</Message></Error>"
REFUSAL_BODY = b"<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>No.</Message></Error>"
PIECE_BYTES = 65536
LOOK_SECONDS = 0.2  # how often one that holds a connection looks whether it still should
# Half the rate below which a client may call an answer stalled, in bodies that would take a minute at least.
DRIP_BYTES, DRIP_SECONDS, DRIP_LEAST_BODY = 128, 0.25, 32768


class Proxy:
    """Each connection is either passed on whole or harmed whole; HTTP errors answer its first request. Shares are of
    connections, so tests that count on them have their clients' connections closed after each answer."""

    def __init__(self, port, seed):
        self.target = ("127.0.0.1", port)
        self.chooser = random.Random(seed)
        self.reset_share = self.slow_down_share = self.late_error_share = self.drip_share = 0.0
        self.latency_s = 0.0
        self.refuses = lambda head: None  # the status and the name of the error that a request with that head is answered
        self.away = self.silent = False
        # Listings and the like, which come at their own rate, are not among object_requests.
        self.connections = self.harmed = self.requests = self.object_requests = 0
        self.late_errors = self.held = self.dripped = self.cut_short = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.open = set()
        self.lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_off(self):
        """The network goes away: open connections are reset, new ones too."""
        self.away = True
        with self.lock:
            for connection in list(self.open):
                self._reset(connection)

    def restore(self):
        self.away = False

    def stop(self):
        self.listener.close()
        self.cut_off()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _reset(connection):
        try:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()

    def _serve(self, client):
        self.connections += 1
        if self.away:
            self._reset(client)
            return
        try:
            with socket.create_connection(self.target, timeout=60) as server:
                with self.lock:
                    self.open |= {client, server}
                try:
                    self._exchange(client, server)
                finally:
                    with self.lock:
                        self.open -= {client, server}
        except OSError:
            pass
        client.close()

    def _exchange(self, client, server):
        """One request and its answer at a time, so that harm can be done to each."""
        client.settimeout(60)
        head = read_head(client)
        while head:
            self.requests += 1
            self.object_requests += is_for_object(head)
            if self.silent:
                self._hold(client)
                return
            if refused := self.refuses(head):
                self.harmed += 1
                self._harm(client, head, refusal(*refused))
                return
            harm = self.chooser.random()
            for share, harmed in ((self.reset_share, None), (self.slow_down_share, (SLOW_DOWN, SLOW_DOWN_BODY)),
                                  (self.late_error_share, (LATE_ERROR, LATE_ERROR_BODY))):
                if harm < share and not (harmed and harmed[0] is LATE_ERROR and not is_copy(head)):
                    self.harmed += 1
                    self._harm(client, head, harmed)
                    return
                harm -= share
            server.sendall(head)
            pass_body(client, server, head)
            answer = read_head(server)
            time.sleep(self.latency_s)
            client.sendall(answer)
            if (self.chooser.random() < self.drip_share and head.startswith(b"GET ")
                    and int(field(answer, b"content-length") or 0) >= DRIP_LEAST_BODY):
                self._drip(client, server)
                return
            pass_body(server, client, answer, head.startswith(b"HEAD "))
            if has_field(answer, b"connection", b"close"):
                return
            head = read_head(client)

    def _hold(self, client):
        """As a server that has died without a word: it takes what comes, and never answers."""
        self.held += 1
        client.settimeout(LOOK_SECONDS)
        while self.silent:
            try:
                if not client.recv(PIECE_BYTES):
                    return
            except TimeoutError:
                continue
        self._reset(client)

    def _drip(self, client, server):
        self.dripped += 1
        while piece := server.recv(DRIP_BYTES):
            time.sleep(DRIP_SECONDS)
            try:
                client.sendall(piece)
            except OSError:
                self.cut_short += 1
                return

    def _harm(self, client, head, answer):
        if answer is None:
            self._reset(client)
            return
        self.late_errors += answer[0] is LATE_ERROR
        # The body first: a close with unread bytes would reset the answer away.
        pass_body(client, None, head)
        client.sendall(answer[0] % (len(answer[1]), answer[1]))


def refusal(status, code):
    """The head and the body of such an answer, as the constants above have them."""
    head = SLOW_DOWN.replace(b"503 Slow Down", b"%d No" % status)
    return head, REFUSAL_BODY % code


def is_put_below(head, prefix):
    """Whether an object is put whose key, whatever stands before it in the bucket, has that prefix."""
    return head.startswith(b"PUT ") and b"/" + prefix in head.split(b" ")[1]


def field(head, name):
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.strip().lower() == name:
            return value.strip()
    return None


def has_field(head, name, value):
    found = field(head, name)
    return found is not None and value in found.lower()


def is_copy(head):
    return field(head, b"x-amz-copy-source") is not None


def is_for_object(head):
    """Whether a key is named: with path style, the bucket is the first part of the path."""
    path = head.split(b" ")[1].partition(b"?")[0]
    return path.count(b"/") > 1 and not path.endswith(b"/")


def read_head(source):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = source.recv(1)
        if not byte:
            return b""
        head += byte
    if has_field(head, b"expect", b"100-continue"):
        source.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"expect:"))
    return head


def pass_body(source, target, head, bodiless=False):
    first = head.split(b"\r\n", 1)[0]
    if bodiless or first.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304", b"HTTP/1.0 204")):
        return
    left = field(head, b"content-length")
    if left is None:
        if has_field(head, b"transfer-encoding", b"chunked"):
            pass_chunks(source, target)
        return
    left = int(left)
    while left > 0:
        piece = source.recv(min(left, PIECE_BYTES))
        if not piece:
            raise OSError("the body ended early")
        if target:
            target.sendall(piece)
        left -= len(piece)


def pass_chunks(source, target):
    """The chunked coding (RFC 9112, section 7.1), passed on as it is; no trailer fields."""
    while True:
        line = b""
        while not line.endswith(b"\r\n"):
            line += source.recv(1)
        size = int(line.split(b";")[0], 16)
        data = b""
        while len(data) < size + 2:
            data += source.recv(size + 2 - len(data))
        if target:
            target.sendall(line + data)
        if size == 0:
            return
