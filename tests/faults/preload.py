"""Another wall clock, and a disk that fails, for a process under test: see preload/faults.c."""

import pathlib
import struct

NANOSECONDS = 10**9


class Faults:
    """What the processes started with `environment` meet; changes are seen at once. Begins with no fault.

    A full disk is that on which `path` lies.
    """

    NUMBERS = struct.Struct("=qqq")

    def __init__(self, library, path):
        self.path = pathlib.Path(path)
        self.path.write_bytes(self.NUMBERS.pack(0, 0, 0))
        self.environment = {"LD_PRELOAD": str(library), "THUMBMILL_FAULTS": str(path)}

    def set(self, clock_offset_s=0, sync_fails=False, disk_is_full=False):
        """All of them; those left out end. In place, for the file is mapped."""
        with open(self.path, "r+b", buffering=0) as file:
            file.write(self.NUMBERS.pack(clock_offset_s * NANOSECONDS, sync_fails, disk_is_full))
