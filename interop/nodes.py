"""Starts one broker on loopback, Apache Kafka or Ottla, on the same properties."""

import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
CACHE = pathlib.Path(os.environ.get("OTTLA_INTEROP_CACHE", ROOT / "target" / "interop"))
CLUSTER_ID = "b3R0bGEtaW50ZXJvcC0wMQ"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def apache_libs():
    """The folder with Apache Kafka's jars, fetched once by Maven coordinates."""
    libs, pom = CACHE / "apache-kafka-4.3.1", HERE / "apache" / "pom.xml"
    stamp = libs / ".complete"
    if not stamp.exists() or stamp.read_text() != pom.read_text():
        print("fetching Apache Kafka 4.3.1 (about 130 MB) ...", file=sys.stderr)
        subprocess.run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies",
                        f"-DoutputDirectory={libs}"], check=True, stdout=sys.stderr)
        stamp.write_text(pom.read_text())
    return libs


def java(main, *args, heap="-Xmx256m"):
    """The command line that runs a main class of Apache Kafka."""
    return ["java", *heap.split(), f"-Dlog4j2.configurationFile={HERE / 'apache' / 'log4j2.yaml'}",
            "-cp", f"{CACHE / 'java'}:{apache_libs()}/*", main, *args]


def java_program(name, *args):
    """The command line that runs one of the programs in java/, compiled where that is needed."""
    libs, classes, source = apache_libs(), CACHE / "java", HERE / "java" / f"{name}.java"
    target = classes / f"{name}.class"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "-nowarn", "-cp", f"{libs}/*", "-sourcepath", str(HERE / "java"), "-d", str(classes), str(source)], check=True)
    return ["java", "-Xmx256m", f"-Dlog4j2.configurationFile={HERE / 'apache' / 'log4j2.yaml'}", "-Dlog4j2.level=ERROR",
            "-cp", f"{classes}:{libs}/*", name, *args]


class Node:
    """A broker process with its folder. In settings, {port} stands for the port of its clients' listener."""

    name = "?"

    def __init__(self, folder, settings=None):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.controller_port = free_port()
        self.settings = settings or {}
        self.process = None

    @property
    def bootstrap(self):
        return f"127.0.0.1:{self.port}"

    def properties(self):
        node_id = self.settings.get("node.id", 1)
        lines = {
            "process.roles": "broker,controller", "node.id": node_id,
            "controller.quorum.voters": f"{node_id}@127.0.0.1:{self.controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER", "log.dirs": self.folder / "data",
            "offsets.topic.replication.factor": 1, "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1, "group.initial.rebalance.delay.ms": 0,
            "transaction.abort.timed.out.transaction.cleanup.interval.ms": 500, **self.settings,
        }
        return "".join(f"{k}={v}\n" for k, v in lines.items()).replace("{port}", str(self.port))

    def start(self):
        """Starts the process and returns at once; wait_ready waits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "server.properties"
        self.file.write_text(self.properties())
        self.log = self.folder / "server.log"
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=self.log.open("ab"),
                                        stderr=subprocess.STDOUT, env={**os.environ, "CLUSTER_ID": CLUSTER_ID})
        return self

    def wait_ready(self, seconds=60):
        until = time.time() + seconds
        while time.time() < until:
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended:\n{self.log.read_text()[-3000:]}")
            if "Kafka Server started" in self.log.read_text():
                return self
            time.sleep(0.02)
        raise TimeoutError(f"{self.name} is not ready after {seconds} s, see {self.log}")

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            self.process.wait(60)

    def cpu_seconds(self):
        """User and system time of the broker so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0


class Apache(Node):
    name = "Apache Kafka"

    def command(self):
        if not (self.folder / "data" / "meta.properties").exists():
            subprocess.run(java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", str(self.file)), check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return java("kafka.Kafka", str(self.file), heap="-Xms512m -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20")


class Ottla(Node):
    name = "Ottla"

    @staticmethod
    def binary():
        return str(os.environ.get("OTTLA", ROOT / "target" / "release" / "ottla"))

    def command(self):
        return [self.binary(), "start", str(self.file)]


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    return folder
