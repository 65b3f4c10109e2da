"""Spark for tests: an embedded server of the same protocol without Java, or a standalone cluster as separate processes.

Run with a command, it starts a cluster to be measured, runs the command with SAIME_SPARK_REMOTE set, and ends the cluster.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPARK_ENVIRONMENT = ROOT / ".venv-spark"  # made by `make test-spark`
SECONDS_TO_START = 300
EXECUTORS = 2


@dataclass(frozen=True)
class SparkServer:
    """``workers``: processes that keep one executor each; ``log``: what the server tells."""

    remote: str
    log: Path
    workers: tuple[subprocess.Popen[bytes], ...] = ()

    def executors(self) -> list[int]:
        """Process ids of the executors that run now."""
        workers = {worker.pid for worker in self.workers}
        return [int(process.name) for process in Path("/proc").glob("[0-9]*") if _is_executor(process, workers)]


def _is_executor(process: Path, workers: set[int]) -> bool:
    try:
        parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        return parent in workers and b"CoarseGrainedExecutorBackend" in (process / "cmdline").read_bytes()
    except OSError:  # it has ended since it was listed
        return False


@contextmanager
def embedded_server(folder: Path) -> Iterator[SparkServer]:
    command = [str(Path(sys.executable).with_name("sail")), "spark", "server", "--port", "0"]
    with _running(command, folder / "sail.log") as process:
        (address,) = _wait_for(process, folder / "sail.log", r"Connect server on (\S+:\d+)")
        yield SparkServer(f"sc://{address}", folder / "sail.log")


@contextmanager
def cluster(folder: Path, options: Mapping[str, str]) -> Iterator[SparkServer]:
    """A master, two workers with an executor each, and a Spark Connect server, on ports that are free."""
    with ExitStack() as stack:
        start = _Starter(stack, folder, {"SPARK_DAEMON_JAVA_OPTS": SOON, "SPARK_LAUNCHER_OPTS": SOON})
        _, (master,) = start("master", MASTER, r"Starting Spark master at (\S+)")
        worker = [*WORKER, "--work-dir", str(folder / "work"), master]
        workers = [start(f"worker-{number}", worker)[0] for number in range(EXECUTORS)]
        configured = _as_options({**_CONFIGURATION, **options, "spark.sql.warehouse.dir": str(folder)})
        command = [*CONNECT, *configured, "--master", master, "spark-internal"]
        _, (port, *_) = start("connect", command, r"(?s)Connect server started at: \S*:(\d+)" + ".*Registered executor" * EXECUTORS)
        yield SparkServer(f"sc://127.0.0.1:{port}", folder / "connect.log", tuple(workers))


def quick_cluster(folder: Path) -> AbstractContextManager[SparkServer]:
    """One that starts soon and gives up soon, for many small jobs."""
    return cluster(folder, QUICK)


SPARK_SERVERS: dict[str, Callable[[Path], AbstractContextManager[SparkServer]]] = {"embedded": embedded_server, "cluster": quick_cluster}

_HERE = ["--host", "127.0.0.1", "--webui-port", "0"]
MASTER = ["spark-class", "org.apache.spark.deploy.master.Master", *_HERE, "--port", "0"]
WORKER = ["spark-class", "org.apache.spark.deploy.worker.Worker", *_HERE, "--cores", "1", "--memory", "3g"]
SOON = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"  # of Java's start; what runs long is slower with it
_CONFIGURATION = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.connect.grpc.binding.port": "0",
    "spark.driver.memory": "1g",
    "spark.executor.memory": "512m",
    "spark.ui.enabled": "false",
}
QUICK = {
    "spark.executor.extraJavaOptions": SOON,
    "spark.driver.extraJavaOptions": SOON,
    "spark.task.maxFailures": "2",  # one executor is killed; each failure starts Python anew
}
MEASURED = {"spark.executor.memory": "2g"}
CONNECT = ["spark-submit", "--class", "org.apache.spark.sql.connect.service.SparkConnectServer"]


def _as_options(configuration: Mapping[str, str]) -> list[str]:
    return [word for name, value in configuration.items() for word in ("--conf", f"{name}={value}")]


@dataclass(frozen=True)
class _Starter:
    stack: ExitStack
    folder: Path
    settings: Mapping[str, str]

    def __call__(self, name: str, command: list[str], told: str = "") -> tuple[subprocess.Popen[bytes], tuple[str, ...]]:
        """``told``: what its log must have before the next is started; the groups of this pattern."""
        home = next(SPARK_ENVIRONMENT.glob("lib/python*/site-packages/pyspark"))
        environment = os.environ | {
            "SPARK_HOME": str(home),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
            **self.settings,
        }
        log = self.folder / f"{name}.log"
        process = self.stack.enter_context(_running([str(home / "bin" / command[0]), *command[1:]], log, environment))
        return process, _wait_for(process, log, told)


@contextmanager
def _running(command: list[str], log: Path, environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def _wait_for(process: subprocess.Popen[bytes], log: Path, told: str) -> tuple[str, ...]:
    """The groups of the pattern, once the log has it."""
    end = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < end:
        if found := re.search(told, log.read_text()):
            return found.groups()
        time.sleep(0.1)
    raise AssertionError(f"{process.args} did not start: {log.read_text()[-2000:]}")


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="saime-spark-") as folder, cluster(Path(folder), MEASURED) as server:
        return subprocess.run(command, check=False, env=os.environ | {"SAIME_SPARK_REMOTE": server.remote}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
