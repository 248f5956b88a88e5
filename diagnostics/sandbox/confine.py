"""What a process gives up for good before it looks at a stranger's model: files, programs, sockets, memory, time.

Landlock takes away the file system but for the libraries' folders, seccomp the calls that start programs or open sockets, and
the system's limits bound memory, processor time, processes, files and what may be written (nothing).
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

GIB: Final = 2**30


@dataclass(frozen=True)
class Limits:
    """memory: bytes beyond what the libraries take. seconds: wall clock for loading and the first answers, then for each further
    ask; also processor time of each ask. files: open at once. model: bytes of the file. threads: that one answer may use.
    """

    memory: int = 2 * GIB
    seconds: float = 20.0
    files: int = 64
    model: int = GIB // 2
    threads: int = 1


READ: Final = 0b1100
"""Landlock: read a file, list a folder."""

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
NO_NEW_PRIVILEGES, GET_SECCOMP, SET_SECCOMP, BY_FILTER = 38, 21, 22, 2

LD, JEQ, JGE, JSET, RET = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, ERRNO, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050000, 1, 38
THREAD: Final = 0x00010000
"""clone() with this flag starts a thread; without it, a process."""

ALIKE: Final = frozenset({452, 463, 466, 469, 424, 425, 426, 427, 428, 429, 430, 431, 432, 433, 434, 438, 442})
"""New calls have the same numbers everywhere: pidfd, io_uring, mounts, modes and attributes of files. clone3 (435) is answered
as not there.
"""

MACHINES: Final = {
    # audit number, clone, tgkill, prlimit, denied: sockets, fork, exec, kill, tracing, mounts, namespaces, keys, modules, shared
    # memory; modes, owners, times and attributes of files, which Landlock leaves alone; priorities and processors of any process.
    "x86_64": (
        0xC000003E,
        56,
        234,
        302,
        {41, 42, 43, 44, 45, 46, 47, 49, 50, 53, 288, 57, 58, 59, 322, 62, 200, 101, 310, 311, 165, 166, 155, 161, 167, 169, 170}
        | {163, 164, 159, 172, 173, 175, 176, 313, 179, 272, 308, 248, 249, 250, 298, 321, 246, 320, 323, 319, 303, 304, 135}
        | {29, 68, 64, 240, 294, 300}
        | {90, 91, 268, 92, 93, 94, 260, 132, 235, 261, 280, 188, 189, 190, 197, 198, 199, 141, 142, 144, 203, 314, 251},
    ),
    "aarch64": (
        0xC00000B7,
        220,
        131,
        261,
        {198, 199, 200, 201, 202, 203, 206, 207, 211, 212, 242, 221, 281, 129, 130, 117, 270, 271, 40, 39, 41, 51, 142, 97, 268}
        | {217, 218, 219, 241, 280, 104, 105, 106, 273, 279, 282, 264, 265, 92, 194, 186, 190, 180, 262}
        | {52, 53, 54, 55, 88, 5, 6, 7, 14, 15, 16, 140, 118, 119, 122, 274, 30},
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def landlock_version() -> int:
    """0 where the kernel has none."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))))


def has_seccomp() -> bool:
    if sys.platform != "linux" or platform.machine() not in MACHINES:
        return False
    return int(_libc().prctl(GET_SECCOMP, 0, 0, 0, 0)) >= 0


def give_up_rights() -> tuple[bool, bool]:
    """Files, programs and the network, for this process and for good. Returns whether Landlock and seccomp hold.

    To be called while there is one thread: Landlock binds only the thread that asks for it.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform != "linux":
        return False, False
    _libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    return _landlock(_libraries()), _seccomp()


def bound(limits: Limits, *, final: bool = True) -> None:
    """Memory, open files and threads; the last time when the libraries are loaded, because they take what they take."""
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() if sys.platform == "linux" else 0
    most = held + limits.memory
    resource.setrlimit(resource.RLIMIT_AS, (most, most if final else resource.getrlimit(resource.RLIMIT_AS)[1]))
    if not final:
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.files, limits.files))
    if limits.threads == 1:
        # The limit counts threads too. Where more are asked for, seccomp or a namespace of its own keeps processes from starting.
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def allow_seconds(seconds: float) -> None:
    """Processor time from now on; whoever passes it is ended by the system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _libraries() -> list[str]:
    """Folders that importing needs, and nothing in which anybody's data lie."""
    paths = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    paths += ["/usr/lib", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/usr/share/zoneinfo", "/etc/localtime"]
    paths += [str(Path(__file__).parent), str(Path(__file__).parent.parent / "__init__.py"), "/dev/null", "/dev/urandom"]
    return [*paths, "/proc/self", "/proc/cpuinfo", "/sys/devices/system/cpu"]


def _landlock(readable: Iterable[str]) -> bool:
    version, libc = landlock_version(), _libc()
    if not version:
        return False
    files = (1 << (13 if version == 1 else 14 if version == 2 else 15 if version < 5 else 16)) - 1
    # From version 4 on TCP, from version 6 on abstract sockets and signals to others.
    attributes = (ctypes.c_uint64 * 3)(files, 0b11 if version >= 4 else 0, 0b11 if version >= 6 else 0)
    size = 8 if version < 4 else 16 if version < 6 else 24
    ruleset = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    for path in readable:
        try:
            place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # Not every system has every folder.
        rule = _Beneath(READ if Path(path).is_dir() else READ & 0b100, place)
        libc.syscall(ADD_RULE, ctypes.c_int(ruleset), ctypes.c_uint32(1), ctypes.byref(rule), ctypes.c_uint32(0))
        os.close(place)
    done = libc.syscall(RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    return bool(done == 0)


def _seccomp() -> bool:
    if not has_seccomp():
        return False
    audit, clone, tgkill, prlimit, denied = MACHINES[platform.machine()]
    refuse = (RET, 0, 0, ERRNO | EPERM)
    steps = [(LD, 0, 0, 4), (JEQ, 1, 0, audit), (RET, 0, 0, KILL), (LD, 0, 0, 0)]
    # Numbers from 2^30 on are the x32 names of the same calls.
    steps += [(JGE, 0, 1, 0x40000000), refuse, (JEQ, 0, 1, 435), (RET, 0, 0, ERRNO | ENOSYS)]
    steps += [(JEQ, 0, 4, clone), (LD, 0, 0, 16), (JSET, 1, 0, THREAD), refuse, (RET, 0, 0, ALLOW)]
    # abort() sends a signal to its own process, and no model needs to send one to another.
    steps += [(JEQ, 0, 4, tgkill), (LD, 0, 0, 16), (JEQ, 1, 0, os.getpid()), refuse, (RET, 0, 0, ALLOW)]
    # Limits of its own are asked for as those of process 0.
    steps += [(JEQ, 0, 4, prlimit), (LD, 0, 0, 16), (JEQ, 1, 0, 0), refuse, (RET, 0, 0, ALLOW)]
    for number in sorted(denied | ALIKE):
        steps += [(JEQ, 0, 1, number), refuse]
    steps.append((RET, 0, 0, ALLOW))
    instructions = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), ctypes.cast(instructions, ctypes.POINTER(_Instruction)))
    return int(_libc().prctl(SET_SECCOMP, BY_FILTER, ctypes.byref(program), 0, 0)) == 0


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
