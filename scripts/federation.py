# SPDX-License-Identifier: Apache-2.0
"""Starts, asks and ends the processes of a small federation on this machine, through nothing but the
`sangam` executable and its documents (--json). What scripts/demo.py stands on.

Processes get files for their output, nothing of ours to hold on to, and are ended by their pid.
"""
import json
import os
import signal
import subprocess
import time
from pathlib import Path

READY_S = 60  # a start replays what a killed process left; a loaded machine takes its time
STOP_S = 30  # SIGTERM finishes what is being written


class Wrong(Exception):
    """Something is not as it has to be: the message is for the person at the terminal."""


def tail(path: Path, lines: int = 15) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return ""


def birth(pid: int) -> str | None:
    """What tells a process from a later one with its pid: when it started, in the kernel's ticks."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    state, *rest = stat.rsplit(")", 1)[1].split()
    return None if state == "Z" else rest[18]


def end(pid: int, born: str, grace_s: float = STOP_S) -> None:
    """Ends a process that need not be our child; does nothing if it is gone."""
    for sign, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5)):
        if birth(pid) != born:
            return
        os.kill(pid, sign)
        until = time.monotonic() + wait_s
        while birth(pid) == born and time.monotonic() < until:
            time.sleep(0.02)


class Daemon:
    """A directory of a registry or node, and the process that runs on it, if any."""

    def __init__(self, executable: Path, directory: Path, run: list[str]):
        self.executable = executable
        self.directory = directory
        self.run_words = run  # what follows `sangam`, without --dir and --json
        self.process: subprocess.Popen | None = None
        self.born = ""
        self.ready: dict = {}

    @property
    def log(self) -> Path:
        return self.directory.parent / f"{self.directory.name}.log"

    def ask(self, *words: str, may_exit: tuple[int, ...] = (0,), timeout_s: float = 300) -> dict:
        """Runs a command on this directory and gives its document."""
        command = [str(self.executable), *words, "--dir", str(self.directory), "--json"]
        shown = " ".join(["sangam", *words])
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=timeout_s, text=True)
        except subprocess.TimeoutExpired:
            raise Wrong(f"{shown} ({self.directory.name}) did not end within {timeout_s} s") from None
        try:
            document = json.loads(done.stdout)
        except ValueError:
            raise Wrong(f"{shown} ({self.directory.name}) ended with {done.returncode} and printed "
                        f"no JSON: {done.stdout[:300]!r} {done.stderr[-600:]}") from None
        if done.returncode not in may_exit:
            error = document.get("error", document)
            raise Wrong(f"{shown} ({self.directory.name}) ended with {done.returncode}: "
                        f"{json.dumps(error, ensure_ascii=False)[:600]}")
        return document

    def start(self) -> dict:
        """Returns its ready line, once it is there."""
        out = self.directory.parent / f"{self.directory.name}.out"
        with open(out, "wb") as stdout, open(self.log, "ab") as stderr:
            self.process = subprocess.Popen(
                [str(self.executable), *self.run_words, "--dir", str(self.directory), "--json"],
                stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, start_new_session=True,
                cwd="/")
        self.born = birth(self.process.pid) or ""
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            text = out.read_text()
            if "\n" in text:
                self.ready = json.loads(text.splitlines()[0])
                if self.ready.get("event") != "ready":
                    raise Wrong(f"{self.directory.name} said {self.ready} instead of ready")
                return self.ready
            if self.process.poll() is not None:
                raise Wrong(f"{self.directory.name} ended with {self.process.returncode} before it was "
                            f"ready; its log ends:\n{tail(self.log)}")
            time.sleep(0.02)
        raise Wrong(f"{self.directory.name} was not ready within {READY_S} s; its log ends:\n"
                    f"{tail(self.log)}")

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """kill -9: no chance to finish anything."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Wrong(f"{self.directory.name} did not end within {STOP_S} s of SIGTERM; its log "
                        f"ends:\n{tail(self.log)}") from None


def wait_for(what: str, ask, timeout_s: float = 90, every_s: float = 0.05):
    """Calls `ask` until it gives something true, and returns that. `ask` may return a str: then it
    is not so yet, and the text says how far it is."""
    until = time.monotonic() + timeout_s
    while True:
        answer = ask()
        if answer and not isinstance(answer, str):
            return answer
        if time.monotonic() > until:
            raise Wrong(f"after {timeout_s} s still not: {what} ({answer})")
        time.sleep(every_s)
