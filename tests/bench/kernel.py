"""What the kernel has counted of processes: their time, their page faults, their memory."""

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
# Places in /proc/<pid>/stat, counted behind the name in its brackets.
_PARENT, _FAULTS, _FAULTS_OF_CHILDREN = 1, 7, 8
_TIMES: Final = slice(11, 15)


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of processors, and page faults that needed no disk (getrusage's `ru_minflt`)."""

    seconds: float = 0.0
    faults: int = 0

    def __add__(self, other: "Used") -> "Used":
        return Used(self.seconds + other.seconds, self.faults + other.faults)

    def __sub__(self, other: "Used") -> "Used":
        return Used(self.seconds - other.seconds, self.faults - other.faults)


def used_by(pids: Collection[int]) -> Used:
    """By these processes, and by children of theirs that have ended."""
    total = Used()
    for pid in pids:
        if fields := _stat(pid):
            seconds = sum(int(ticks) for ticks in fields[_TIMES]) / _TICKS
            total += Used(seconds, int(fields[_FAULTS]) + int(fields[_FAULTS_OF_CHILDREN]))
    return total


def family(pid: int) -> list[int]:
    """A process and all that come from it."""
    parents = {each: int(fields[_PARENT]) for each, fields in _all()}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found


def children(pid: int) -> list[int]:
    return [each for each, fields in _all() if int(fields[_PARENT]) == pid]


def seconds_of_machine() -> float:
    """Seconds that all processors worked, whoever for; a host's own work on them included."""
    first = (_PROC / "stat").read_text().splitlines()[0].split()[1:9]
    user, nice, system, _idle, _waiting, irq, softirq, steal = map(int, first)
    return (user + nice + system + irq + softirq + steal) / _TICKS


def seconds_known(pid: int) -> float:
    """What of it is the benchmark's: its processes, and the database server's."""
    return used_by({*family(pid), *_named("postgres")}).seconds


def memory(pid: int) -> tuple[float, float]:
    """RSS and PSS in MB: all that is mapped, and with shared pages divided among their users."""
    kilobytes = {
        name: int(value.split()[0])
        for name, _, value in (
            line.partition(":")
            for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
        )
    }
    return kilobytes["Rss"] / 1024, kilobytes["Pss"] / 1024


def _named(name: str) -> list[int]:
    return [pid for pid, _ in _all() if _name(pid) == name]


def _name(pid: int) -> str:
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def _all() -> Iterator[tuple[int, list[str]]]:
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
            yield int(folder.name), fields


def _stat(pid: int) -> list[str]:
    """Empty where the process has ended."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
