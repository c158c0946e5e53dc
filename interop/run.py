"""Runs every scenario against Apache Kafka and Ottla and compares what they saw.

run.py [--quick] [--only NAME]
run.py --crash [N]
run.py --compaction
run.py --copier [N]
run.py --suite librdkafka|kafka-python ...

--quick       compares with what Apache Kafka showed when that was recorded (expected/)
--only NAME   one scenario
--record      writes what Apache Kafka showed to expected/
--copier [N]  kills Ottla and Apache Kafka's TransactionalMessageCopier N times (40) in all while it copies
--crash [N]   kills Ottla N times (50) with kill -9 under load instead, and looks whether anything was lost
--suite NAME  the tests that a client's own project keeps for itself; what else it takes says suites/suite.py
"""

import argparse
import difflib
import pathlib
import shutil
import subprocess
import sys
import time

import nodes
from nodes import CACHE, HERE

PYTHON = CACHE / "venv" / "bin" / "python"
EXPECTED = HERE / "expected"


def prepare_python():
    if not PYTHON.exists():
        subprocess.run([sys.executable, "-m", "venv", str(CACHE / "venv")], check=True)
    stamp = CACHE / "venv" / ".installed"
    wanted = (HERE / "python" / "requirements.txt").read_text()
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", "-r", HERE / "python" / "requirements.txt"], check=True)
        stamp.write_text(wanted)


def prepare_node():
    folder = CACHE / "node"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "node" / "package.json", folder)
    shutil.copy(HERE / "node" / "scenario.mjs", folder)
    if not (folder / "node_modules" / "kafkajs").exists():
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund"], cwd=folder, check=True)


def java_scenario(main):
    return ["java", "javac", "mvn"], nodes.apache_libs, lambda b: nodes.java_program(main, b)


SCENARIOS = {
    "confluent": (["python3"], prepare_python, lambda b: [PYTHON, HERE / "python" / "confluent.py", b]),
    "kafka_python": (["python3"], prepare_python, lambda b: [PYTHON, HERE / "python" / "kafka_python.py", b]),
    "kafkajs": (["node", "npm"], prepare_node, lambda b: ["node", CACHE / "node" / "scenario.mjs", b]),
    "java": java_scenario("Scenario"),
    "transactions": java_scenario("Transactions"),
    "consumer_groups": java_scenario("ConsumerGroups"),
    "consumer_group_requests": java_scenario("ConsumerGroupRequests"),
    "telemetry": java_scenario("Telemetry"),
    "streams": java_scenario("Streams"),
    "kcat": (["kcat"], lambda: None, lambda b: [HERE / "kcat" / "scenario.sh", b]),
}


#: Assignments at once, not a second after the last, so that answers do not depend on when requests come; and short
#: times, for members that fall silent.
CONSUMER_GROUPS = {
    "group.consumer.assignment.interval.ms": 0, "group.consumer.min.heartbeat.interval.ms": 100,
    "group.consumer.heartbeat.interval.ms": 200, "group.consumer.min.session.timeout.ms": 1000,
    "group.consumer.session.timeout.ms": 20000,
}


def settings(name, node_class, folder):
    """What a node is started with besides what all nodes are."""
    if name.startswith("consumer_group"):
        return CONSUMER_GROUPS
    if name != "telemetry":
        return {}
    received = folder / "telemetry"
    received.mkdir(parents=True)
    nodes.java_program("Telemetry")  # its plug-in is to be there when Apache Kafka starts
    if node_class is nodes.Apache:
        return {"telemetry.max.bytes": 2000, "metric.reporters": "Telemetry$Reporter",
                "telemetry.test.file": received / "received.jsonl"}
    return {"telemetry.max.bytes": 2000, "telemetry.receiver.dir": received}


def run(name, node_class):
    """The lines a scenario prints against a fresh node."""
    folder = CACHE / "run" / f"{node_class.__name__.lower()}-{name}"
    nodes.fresh(folder)
    node = node_class(folder, settings(name, node_class, folder)).start()
    started = time.time()
    try:
        node.wait_ready()
        command = [str(part) for part in SCENARIOS[name][2](node.bootstrap)]
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=(folder / "scenario.err").open("wb"),
                                timeout=300, cwd=folder)
        lines = [line for line in result.stdout.decode().splitlines() if ": " in line]
        if result.returncode != 0:
            lines.append(f"exit: {result.returncode}")
    except subprocess.TimeoutExpired as late:
        lines = (late.stdout or b"").decode().splitlines() + ["exit: did not end in 300 s"]
    finally:
        node.stop()
    print(f"  {node_class.name:13} {name:13} {len(lines)} facts in {time.time() - started:.1f} s", file=sys.stderr)
    return lines


# Not equal yet, so only run when asked for: stored members are read with metadata of the classic
# protocol by Kafka's classes, and one fact of the range assignor depends on when members come.
UNEQUAL = {"consumer_groups", "consumer_group_requests"}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only")
    arguments.add_argument("--record", action="store_true")
    arguments.add_argument("--crash", type=int, nargs="?", const=50, metavar="N")
    arguments.add_argument("--suite")
    arguments.add_argument("--compaction", action="store_true", help="compares what both brokers compact, see compaction.py")
    arguments.add_argument("--copier", type=int, nargs="?", const=40, metavar="N")
    arguments.add_argument("--prepare", action="store_true", help="only installs the Python clients")
    options, others = arguments.parse_known_args()
    if options.suite:
        prepare_python()
        only = ["--only", options.only] if options.only else []
        command = [sys.executable, HERE / "suites" / "suite.py", options.suite, *only, *others]
        sys.exit(subprocess.run(command).returncode)
    if others:
        arguments.error(f"unknown arguments: {' '.join(others)}")
    if options.prepare:
        return prepare_python()
    if options.compaction:
        sys.exit(subprocess.run([sys.executable, HERE / "compaction.py"]).returncode)
    if options.crash:
        prepare_python()
        sys.exit(subprocess.run([PYTHON, HERE / "python" / "crash.py", str(options.crash)]).returncode)
    if options.only and options.only not in SCENARIOS:
        arguments.error(f"--only is one of {', '.join(SCENARIOS)}")
    if options.copier:
        prepare_python()
        sys.exit(subprocess.run([PYTHON, HERE / "python" / "copier.py", str(options.copier)]).returncode)
    names = [name for name in SCENARIOS if not (options.quick and name in UNEQUAL)]
    if options.only:
        names = [options.only]
    lacking = sorted({tool for name in names for tool in SCENARIOS[name][0] if not shutil.which(tool)})
    if lacking:
        sys.exit(f"interop: this machine lacks {', '.join(lacking)}")
    passed = failed = 0
    for name in names:
        SCENARIOS[name][1]()
        expected_file = EXPECTED / f"{name}.txt"
        if options.record or not (options.quick and expected_file.exists()):
            expected = run(name, nodes.Apache)
            if options.record:
                EXPECTED.mkdir(exist_ok=True)
                expected_file.write_text("".join(line + "\n" for line in expected))
                continue
        else:
            expected = expected_file.read_text().splitlines()
        found = run(name, nodes.Ottla)
        difference = list(difflib.unified_diff(expected, found, "Apache Kafka", "Ottla", lineterm="", n=0))
        print("\n".join(difference) if difference else f"{name}: the same {len(found)} facts")
        passed, failed = (passed, failed + 1) if difference else (passed + 1, failed)
    print(f"interop: {passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
