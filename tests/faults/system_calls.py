"""The system calls of a child: recorded, and any one of them made to fail, or to be the last.

A filter in the kernel (seccomp with user notification: Linux 5.5, no privilege) stops the child at each call that
concerns a file, whichever library makes it, and asks here: let it be made, let it fail, or kill the child before it.
Between two such calls nothing changes on the disk, so a kill before each of them in turn is a kill at every moment.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import re
import select
import signal
import struct
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults import children

KILL = -signal.SIGKILL  # in place of an error number

# By number on x86-64: the name here, and what the arguments begin with: a descriptor, a path, or the descriptor of a
# folder and a path in it.
_CALLS = {
    **dict.fromkeys((1, 18, 20, 296, 77, 285), ("write", "descriptor")),  # also pwrite, writev, ftruncate, fallocate
    **dict.fromkeys((74, 75), ("sync", "descriptor")),  # fsync, fdatasync
    76: ("write", "path"),  # truncate
    2: ("open", "path"),
    257: ("open", "place"),
    85: ("create", "path"),
    83: ("mkdir", "path"),
    258: ("mkdir", "place"),
    86: ("link", "path"),
    265: ("link", "place"),
    84: ("remove", "path"),  # rmdir
    87: ("remove", "path"),
    263: ("remove", "place"),
    82: ("rename", "path"),
    264: ("rename", "place"),
    316: ("rename", "place"),
}
_X86_64 = 0xC000003E
_PR_SET_NO_NEW_PRIVS = 38
_SYS_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER = 317, 1, 1 << 3
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # of the filter's language
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_NOTIFICATION = struct.Struct("<QIIiIQ6Q")  # id, thread, flags, number, architecture, instruction, arguments
_ANSWER = struct.Struct("<QqiI")  # id, value, error, flags
_RECEIVE, _SEND, _CONTINUE = 0xC0502100, 0xC0182101, 1
_PATH_LIMIT = 4096
_HERE = -100  # in place of the descriptor of a folder


class Call(NamedTuple):
    """A call, and the file or folder it is about."""

    name: str  # open, create, write, sync, rename, link, mkdir, remove
    path: str  # relative to the watched folder, with * for what differs from run to run
    new_path: str = ""  # of a rename

    def __str__(self) -> str:
        return " ".join(self).rstrip()


class Moment(NamedTuple):
    """One call of a run: the `occurrence`-th (from 0) of those that are alike."""

    call: Call
    occurrence: int

    def __str__(self) -> str:
        return f"{self.call}, number {self.occurrence}"


class Watched(NamedTuple):
    """What a watched child did."""

    code: int  # exit code, or minus the number of the signal that killed it
    said: str  # on standard output and standard error
    moments: list[Moment]  # calls below the folder, the last or failed one included
    struck: bool  # whether the moment came


def watch(
    folder: Path, work: Callable[..., object], *arguments: object, at: Moment | None = None, outcome: int = KILL
) -> Watched:
    """Run `work`, a function of a module, in a child; at one moment have a call fail, or kill the child.

    Parameters
    ----------
    folder : Path
        Calls about files elsewhere are let through, and not recorded.
    at : Moment, optional
        One that an earlier run of the same had; without it all calls are made.
    outcome : int
        Error number with which that call fails, or `KILL` for the child to be killed before it.
    """
    here, there = Pipe()
    child = children.Child(_report_and_work, there, work, arguments)
    there.close()
    listener = recv_handle(here)
    try:
        moments, struck = _supervise(listener, child.number, folder.resolve(), at, outcome)
    finally:
        os.close(listener)
        here.close()
    return Watched(*child.ended(), moments, struck)


def beyond_the_shard(moments: Sequence[Moment]) -> list[Moment]:
    """The calls from where the files of its only shard are complete: before, a rebuild does what a first build does."""
    synced = [
        place for place, (call, _) in enumerate(moments) if (call.name, call.path[-11:]) == ("sync", "/shard-0000")
    ]
    return [*moments[synced[0] :]]


def require_supervision() -> None:
    """Skip the test where the kernel cannot do this."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("the numbers of system calls are those of Linux on x86-64")
    offered = Path("/proc/sys/kernel/seccomp/actions_avail")
    if not offered.exists() or "user_notif" not in offered.read_text().split():
        pytest.skip("this kernel does not report system calls (seccomp user notification)")


def _report_and_work(there: Connection, work: Callable[..., object], arguments: Sequence[object]) -> None:
    listener = _listener()
    send_handle(there, listener, os.getppid())
    os.close(listener)
    work(*arguments)


def _listener() -> int:
    """Have the calls of this process reported from now on; the descriptor they are reported to."""
    steps = [(_LOAD, 0, 0, 4), (_JUMP_IF_EQUAL, 1, 0, _X86_64), (_RETURN, 0, 0, _ALLOW), (_LOAD, 0, 0, 0)]
    for number in _CALLS:
        steps += [(_JUMP_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _NOTIFY)]
    steps.append((_RETURN, 0, 0, _ALLOW))
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
    described = struct.pack("<H6xQ", len(steps), ctypes.addressof(program))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    listener = libc.syscall(_SYS_SECCOMP, _SET_MODE_FILTER, _NEW_LISTENER, described)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return int(listener)


def _supervise(listener: int, child: int, folder: Path, at: Moment | None, outcome: int) -> tuple[list[Moment], bool]:
    """Answer the calls of a child to its end; those it made below `folder`, and whether `at` was one of them."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    moments: list[Moment] = []
    alike: Counter[Call] = Counter()
    while not poll.poll()[0][1] & select.POLLHUP:
        notification = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(listener, _RECEIVE, notification)
        except FileNotFoundError:  # the thread was interrupted before it could be heard; if it lives it asks again
            continue
        identifier, thread, _, number, _, _, *arguments = _NOTIFICATION.unpack(notification)
        answer = _ANSWER.pack(identifier, 0, 0, _CONTINUE)
        call = _call(thread, number, arguments, folder)
        if call is not None:
            moments.append(Moment(call, alike[call]))
            alike[call] += 1
            if moments[-1] == at and outcome == KILL:
                os.kill(child, signal.SIGKILL)
                return moments, True
            if moments[-1] == at:
                answer = _ANSWER.pack(identifier, 0, -outcome, 0)
        try:
            fcntl.ioctl(listener, _SEND, answer)
        except FileNotFoundError:  # the same, a moment later
            if call is not None:
                alike[moments.pop().call] -= 1
    return moments, at in moments


def _call(thread: int, number: int, arguments: Sequence[int], folder: Path) -> Call | None:
    """The call that a thread wants to make, None where it is not about something below `folder`."""
    name, kind = _CALLS[number]
    if kind == "descriptor":
        paths = [Path(os.readlink(f"/proc/{thread}/fd/{arguments[0]}"))]
    else:
        count = 2 if name == "rename" else 1
        places = [arguments[i : i + 2] for i in (0, 2)] if kind == "place" else [(_HERE, path) for path in arguments]
        paths = [_path_at(thread, *place) for place in places[:count]]
    if not paths[0].is_relative_to(folder):
        return None
    if name == "open" and arguments[2 if kind == "place" else 1] & os.O_CREAT:
        name = "create"
    return Call(name, *(_same_in_each_run(os.path.relpath(path, folder)) for path in paths))


def _path_at(thread: int, within: int, path: int) -> Path:
    within = ctypes.c_int(within).value
    return Path(
        os.readlink(f"/proc/{thread}/cwd" if within == _HERE else f"/proc/{thread}/fd/{within}"), _text_at(thread, path)
    )


def _text_at(thread: int, address: int) -> str:
    with open(f"/proc/{thread}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return os.fsdecode(memory.read(_PATH_LIMIT).split(b"\0", 1)[0])


def _same_in_each_run(path: str) -> str:
    return re.sub(r"(?<=building-)[^/]+|[0-9a-f]{16}", "*", path)
