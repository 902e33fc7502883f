"""What /proc tells of a process and of the machine (proc(5))."""

import os
import platform
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def parse_stat(text):
    """utime + stime of a process's /proc/PID/stat, all its threads together, in seconds."""
    # The name in parentheses may hold blanks and parentheses itself; state is the field after it.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def parse_status(text, name):
    """A field of /proc/PID/status or /proc/cpuinfo, without its name; None when it is not there."""
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon and key.strip() == name:
            return value.strip()
    return None


def cpu_seconds(pids):
    return sum(parse_stat(Path(f"/proc/{pid}/stat").read_text()) for pid in pids)


def peak_rss_mib(pids):
    """The sum of the processes' peaks."""
    fields = [parse_status(Path(f"/proc/{pid}/status").read_text(), "VmHWM") for pid in pids]
    return sum(int(field.removesuffix(" kB")) for field in fields) / 1024


def machine():
    """One line about the processor and the kernel."""
    model = parse_status(Path("/proc/cpuinfo").read_text(), "model name") or platform.machine()
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{model}, {os.cpu_count()} CPUs, {platform.system()} {kernel}"
