"""A name server for the processes under test alone, which can fall silent."""

import os
import pathlib
import random
import shutil
import socket
import stat
import struct
import subprocess
import threading

A, IN, NO_ERROR, NAME_AT_12 = 1, 1, 0x8180, 0xC00C


def missing():
    """Why processes cannot be given a name server of their own here; empty when they can."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], check=False, stderr=subprocess.DEVNULL).returncode:
        return "a mount namespace of its own needs root"
    return ""


class NameServer:
    """Says of every name that its address is 127.0.0.1, on port 53 (RFC 1035) of a loopback address of its own."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.silent = set()  # first labels of names that are not answered
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.address = f"127.53.{random.randrange(256)}.{random.randrange(1, 255)}"
        self.socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                query, client = self.socket.recvfrom(512)
            except OSError:
                return
            name, end = query[13:13 + query[12]].decode(), query.index(b"\0", 12)
            if name in self.silent:
                continue
            question = query[12:end + 5]
            kind = struct.unpack(">H", question[-4:-2])[0]
            address = struct.pack(">HHHIH", NAME_AT_12, A, IN, 0, 4) + socket.inet_aton("127.0.0.1")
            answers = address if kind == A else b""  # none by IPv6
            head = query[:2] + struct.pack(">HHHHH", NO_ERROR, 1, 1 if answers else 0, 0, 0)
            self.socket.sendto(head + question + answers, client)

    def program(self, program):
        """One that runs `program` with this name server, as the same process."""
        conf, switch, wrapper = (self.directory / name for name in ("resolv.conf", "nsswitch.conf", "program"))
        conf.write_text(f"nameserver {self.address}\n", encoding="ascii")
        switch.write_text("hosts: files dns\n", encoding="ascii")
        wrapper.write_text("#!/bin/sh\nexec unshare --mount sh -c '"
                           f"mount --bind {conf} /etc/resolv.conf && mount --bind {switch} /etc/nsswitch.conf && exec \"$@\"' "
                           f"sh {os.path.abspath(program)} \"$@\"\n", encoding="utf-8")
        wrapper.chmod(stat.S_IRWXU)
        return wrapper

    def stop(self):
        self.socket.close()
