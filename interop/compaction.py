"""Lets Apache Kafka and Ottla compact the same logs and compares what each leaves.

compaction.py [--keep]

Apache Kafka fills topics that it does not compact: all codecs, null and empty values, headers,
idempotent and other producers, overlapping transactions, records larger than the cleaner's
buffers, offsets committed by a group. Its directory is copied, and each broker compacts one copy,
once, and once more after the delete horizon. Then every batch and record is compared as
kafka-dump-log shows it, and as a consumer sees it. Last, Apache Kafka's own compaction tester has
its try at Ottla.

--keep   leaves the directories behind, under target/interop/run
"""

import argparse
import difflib
import pathlib
import re
import shutil
import subprocess
import sys
import time

import nodes
from nodes import CACHE, HERE

TOPICS = ["c-none", "c-gzip", "c-snappy", "c-lz4", "c-zstd", "c-transactions", "c-append-time", "c-large", "c-compact-delete",
          "__consumer_offsets"]
SETTINGS = {
    "log.cleaner.backoff.ms": 200, "offsets.topic.num.partitions": 1, "offsets.topic.compression.codec": 0,
    "transaction.state.log.num.partitions": 1, "log.segment.delete.delay.ms": 1000, "auto.create.topics.enable": "false",
    "message.max.bytes": 4000000, "log.initial.task.delay.ms": 100,
}


def compile_java():
    classes = CACHE / "java"
    source = HERE / "java" / "Compaction.java"
    target = classes / "Compaction.class"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        subprocess.run(["javac", "-nowarn", "-cp", f"{nodes.apache_libs()}/*", "-d", str(classes), str(source)], check=True)


def client(mode, node):
    command = ["java", "-Xmx512m", f"-Dlog4j2.configurationFile={HERE / 'apache' / 'log4j2.yaml'}", "-Dlog4j2.level=ERROR",
               "-cp", f"{CACHE / 'java'}:{nodes.apache_libs()}/*", "Compaction", mode, node.bootstrap]
    errors = (node.folder / "client.err").open("ab")
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=errors, timeout=300).stdout.decode().splitlines()


def partition(node, topic):
    return node.folder / "data" / f"{topic}-0"


def bases(folder):
    return sorted(int(path.stem) for path in folder.glob("*.log"))


def wait_compacted(node, seconds=60):
    """Waits until all but the active segment of each log was compacted."""
    checkpoint = node.folder / "data" / "cleaner-offset-checkpoint"
    until = time.time() + seconds
    while time.time() < until:
        lines = checkpoint.read_text().splitlines()[2:] if checkpoint.exists() else []
        cleaned = {(topic, index): int(offset) for topic, index, offset in map(str.split, lines)}
        if all(cleaned.get((topic, "0"), -1) >= bases(partition(node, topic))[-1] for topic in TOPICS):
            return
        time.sleep(0.1)
    raise TimeoutError(f"{node.name} has not compacted all logs after {seconds} s: {cleaned}, see {node.log}")


def dump(node):
    """Every batch and record of every log, as Apache Kafka's tool shows them."""
    files = [path for topic in TOPICS for path in sorted(partition(node, topic).glob("*.log"))]
    command = nodes.java("org.apache.kafka.tools.DumpLogSegments", "--deep-iteration", "--print-data-log", "--files",
                         ",".join(map(str, files)))
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode("utf8", "replace")
    lines, of = [], ""
    for line in shown.split("\n"):
        if line.startswith("Dumping "):
            path = pathlib.Path(line.split(" ", 1)[1])
            of = f"{path.parent.name}/{path.name}"
            lines.append(of)
        elif line := comparable(line):
            lines.append(f"{of}: {line}")
    return lines


def comparable(line):
    """A line without what two brokers cannot have in common."""
    if line.startswith(("Starting ", "Log starting offset")):
        return None
    # When the horizon was set differs; that it was set does not. It also is part of the checksum.
    stamped = re.search(r"deleteHorizonMs: OptionalLong\[\d+\]", line)
    line = re.sub(r"deleteHorizonMs: OptionalLong\[\d+\]", "deleteHorizonMs: set", line)
    # Where a batch lies follows from the sizes of those before it.
    line = re.sub(r" position: \d+", "", line)
    if stamped or not re.search(r"compresscodec: none", line):
        # The same bytes compress to others.
        line = re.sub(r" size: \d+", "", line)
        line = re.sub(r" crc: \d+", "", line)
    payload = re.search(r" payload: (.{200,})$", line, re.S)
    return line[:payload.start()] + f" payload: {len(payload[1])} characters" if payload else line


def aborted(node):
    """The transaction indexes, entry by entry."""
    files = sorted(partition(node, "c-transactions").glob("*.txnindex"))
    return [f"{path.name}: {entry.hex()}" for path in files
            for data in [path.read_bytes()] for entry in [data[i:i + 34] for i in range(0, len(data), 34)]]


def compact(node_class, folder):
    """What two rounds of compaction leave."""
    found = {}
    for number, name in enumerate(["first", "second"]):
        node = node_class(folder, SETTINGS).start().wait_ready()
        try:
            if number == 0:
                client("force", node)
            wait_compacted(node)
            # The last segment is put in place before the checkpoint is written, and files go a second later.
            time.sleep(2.5)
            found[f"{name} round, read"] = client("read", node)
        finally:
            node.stop()
        found[f"{name} round, dumped"] = dump(node)
        found[f"{name} round, transaction indexes"] = aborted(node)
        left = [path.name for topic in TOPICS for path in partition(node, topic).iterdir()
                if path.suffix in (".cleaned", ".swap", ".deleted")]
        found[f"{name} round, leftovers"] = left
        (folder / "data" / "cleaner-offset-checkpoint").unlink()
    return found


def own_tester():
    """Runs Apache Kafka's own tester, which compares the last value of each key before and after; whether it is content."""
    settings = {**SETTINGS, "log.segment.bytes": 1048576, "auto.create.topics.enable": "true"}
    node = nodes.Ottla(nodes.fresh(CACHE / "run" / "compaction-tester"), settings).start().wait_ready()
    content = True
    try:
        for codec in ["none", "gzip", "snappy", "lz4", "zstd"]:
            command = nodes.java("org.apache.kafka.tools.LogCompactionTester", "--bootstrap-server", node.bootstrap, "--messages",
                                 "300000", "--topics", "2", "--percent-deletes", "20", "--sleep", "5", "--compression-type", codec,
                                 heap="-Xmx512m -Dlog4j2.level=ERROR")
            result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=600)
            told = [line for line in result.stdout.decode().splitlines() if "reduction" in line or "mismatches" in line]
            print(f"Apache Kafka's tester, {codec}: " + "; ".join(told))
            content &= result.returncode == 0 and any(", 0 mismatches" in line for line in told)
    finally:
        node.stop()
    return content


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--keep", action="store_true")
    options = arguments.parse_args()
    compile_java()
    run = CACHE / "run"
    seed = nodes.Apache(nodes.fresh(run / "compaction-seed"), SETTINGS).start().wait_ready()
    try:
        client("seed", seed)
    finally:
        seed.stop()
    before = dump(seed)
    found = {}
    for node_class in [nodes.Apache, nodes.Ottla]:
        folder = nodes.fresh(run / f"compaction-{node_class.__name__.lower()}")
        shutil.copytree(seed.folder / "data", folder / "data")
        began = time.time()
        found[node_class] = compact(node_class, folder)
        print(f"  {node_class.name}: two rounds in {time.time() - began:.1f} s", file=sys.stderr)
    failed = 0
    for name, expected in found[nodes.Apache].items():
        shown = found[nodes.Ottla][name]
        difference = list(difflib.unified_diff(expected, shown, "Apache Kafka", "Ottla", lineterm="", n=0))
        print("\n".join(difference[:40]) if difference else f"{name}: the same {len(shown)} lines")
        failed += bool(difference)
    first = found[nodes.Ottla]["first round, dumped"]
    print(f"{len(before)} lines before compaction, {len(first)} after the first round, "
          f"{len(found[nodes.Ottla]['second round, dumped'])} after the second")
    failed += not own_tester()
    for path in run.glob("compaction-*"):
        if not options.keep and not failed:
            shutil.rmtree(path)
    print(f"compaction: {'failed' if failed else 'passed'}")
    sys.exit(1 if failed else 0)


main()
