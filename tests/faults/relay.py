"""What stands between clients and servers besides the proxy: a wire that can go silent, and a load balancer."""

import collections
import socket
import threading

from proxy import PIECE_BYTES, pass_body, read_head

BAD_GATEWAY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"


class Listener:
    """Accepts connections on a free port, each served by a thread of its own."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client):
        try:
            self.serve(client)
        except OSError:
            pass
        client.close()

    def serve(self, client):
        raise NotImplementedError

    def stop(self):
        self.listener.close()


class Wire(Listener):
    """Passes bytes both ways. While it is silent, connections are accepted and what comes is read, and nothing is ever
    answered. `cut_next` ends the connection on which the next answer comes, without it."""

    def __init__(self, port):
        self.target = ("127.0.0.1", port)
        self.silent = self.cut_next = False
        self.open = set()
        self.lock = threading.Lock()
        super().__init__()

    def serve(self, client):
        with socket.create_connection(self.target) as server:
            with self.lock:
                self.open |= {client, server}
            back = threading.Thread(target=self._pump, args=(server, client, True), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()
            with self.lock:
                self.open -= {client, server}

    def _pump(self, source, target, answers=False):
        try:
            while piece := source.recv(PIECE_BYTES):
                if answers and self.cut_next:
                    self.cut_next = False
                    break
                if not self.silent:
                    target.sendall(piece)
        except OSError:
            pass
        self._shut(source)
        self._shut(target)

    @staticmethod
    def _shut(connection):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is closed already

    def speak(self):
        """Ends the silence. Connections that lost bytes in it would never make sense again."""
        self.silent = False
        with self.lock:
            for connection in self.open:
                self._shut(connection)

    def stop(self):
        super().stop()
        self.speak()


class Balancer(Listener):
    """Gives each HTTP request to the next server in rotation, and counts what is answered."""

    def __init__(self, ports):
        self.rotation = collections.deque(ports)
        self.lock = threading.Lock()
        self.answers = collections.Counter()  # by status; "none": the server broke off
        super().__init__()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def take_out(self, port):
        """Gives it nothing new; requests under way go on."""
        with self.lock:
            self.rotation.remove(port)

    def put_back(self, port):
        with self.lock:
            self.rotation.append(port)

    def serve(self, client):
        while head := read_head(client):
            with self.lock:
                self.rotation.rotate()
                port = self.rotation[0]
            try:
                answer = self._ask(port, client, head)
            except OSError:
                answer = b""
            status = answer.split(b" ")[1].decode() if answer else "none"
            with self.lock:
                self.answers[status] += 1
            if not answer:
                client.sendall(BAD_GATEWAY)
                return

    @staticmethod
    def _ask(port, client, head):
        with socket.create_connection(("127.0.0.1", port), timeout=60) as server:
            server.sendall(head)
            pass_body(client, server, head)
            answer = read_head(server)
            if answer:
                client.sendall(answer)
                pass_body(server, client, answer, head.startswith(b"HEAD "))
            return answer
