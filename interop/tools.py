"""Runs the same command lines with Apache Kafka's tools and with Ottla's and compares what they print.

tools.py [--record] [--only NAME] [--broker apache|ottla]

The command lines are those of the transcripts in crates/ottla/tests/tools; with ~ in place of $ in front of one, what
it prints changes as Ottla grows and is not recorded. Each transcript runs once with Apache
Kafka's tools and once with Ottla's, each time from the beginning against a fresh broker of the same kind.

--broker B    only against this broker; without it against both
--record      writes what Apache Kafka's tools print, against Ottla, into the transcripts
--only NAME   one transcript
"""

import argparse
import difflib
import pathlib
import re
import shlex
import struct
import subprocess
import sys
import time

import nodes
from nodes import CACHE, HERE, ROOT

TRANSCRIPTS = ROOT / "crates" / "ottla" / "tests" / "tools"
TOOLS = "org.apache.kafka.tools"
CLASSES = {
    "kafka-acls": f"{TOOLS}.AclCommand",
    "kafka-broker-api-versions": f"{TOOLS}.BrokerApiVersionsCommand",
    "kafka-client-metrics": f"{TOOLS}.ClientMetricsCommand",
    "kafka-cluster": f"{TOOLS}.ClusterTool",
    "kafka-configs": "kafka.admin.ConfigCommand",
    "kafka-console-consumer": f"{TOOLS}.consumer.ConsoleConsumer",
    "kafka-console-producer": f"{TOOLS}.ConsoleProducer",
    "kafka-consumer-groups": f"{TOOLS}.consumer.group.ConsumerGroupCommand",
    "kafka-consumer-perf-test": f"{TOOLS}.ConsumerPerformance",
    "kafka-delegation-tokens": f"{TOOLS}.DelegationTokenCommand",
    "kafka-delete-records": f"{TOOLS}.DeleteRecordsCommand",
    "kafka-dump-log": f"{TOOLS}.DumpLogSegments",
    "kafka-e2e-latency": f"{TOOLS}.EndToEndLatency",
    "kafka-features": f"{TOOLS}.FeatureCommand",
    "kafka-get-offsets": f"{TOOLS}.GetOffsetShell",
    "kafka-groups": f"{TOOLS}.GroupsCommand",
    "kafka-leader-election": f"{TOOLS}.LeaderElectionCommand",
    "kafka-log-dirs": f"{TOOLS}.LogDirsCommand",
    "kafka-metadata-quorum": f"{TOOLS}.MetadataQuorumCommand",
    "kafka-metadata-shell": "org.apache.kafka.shell.MetadataShell",
    "kafka-producer-perf-test": f"{TOOLS}.ProducerPerformance",
    "kafka-reassign-partitions": f"{TOOLS}.reassign.ReassignPartitionsCommand",
    "kafka-replica-verification": f"{TOOLS}.ReplicaVerificationTool",
    "kafka-share-groups": f"{TOOLS}.consumer.group.ShareGroupCommand",
    "kafka-storage": "kafka.tools.StorageTool",
    "kafka-streams-groups": f"{TOOLS}.streams.StreamsGroupCommand",
    "kafka-topics": f"{TOOLS}.TopicCommand",
    "kafka-transactions": f"{TOOLS}.TransactionsCommand",
    "kafka-verifiable-consumer": f"{TOOLS}.VerifiableConsumer",
    "kafka-verifiable-producer": f"{TOOLS}.VerifiableProducer",
}


# Tools that say something while their process ends.
ALONE = {"kafka-verifiable-consumer", "kafka-verifiable-producer"}
JAVA = ["java", "-Xmx256m", "-Dlog4j2.level=OFF", f"-Dlog4j2.configurationFile={HERE / 'apache' / 'silent.yaml'}",
        "-Djava.awt.headless=true", "-Duser.timezone=UTC"]


class Theirs:
    """Apache Kafka's tools, in one process where that is possible."""

    def __init__(self):
        classes, source = CACHE / "java", HERE / "java" / "Tools.java"
        target = classes / "Tools.class"
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            libs = nodes.apache_libs()
            subprocess.run(["javac", "-nowarn", "-cp", f"{libs}/*", "-d", str(classes), str(source)], check=True)
        self.process = subprocess.Popen(
            [*JAVA, "-Djava.security.manager=allow", "-cp", f"{classes}:{nodes.apache_libs()}/*", "Tools"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")

    def run(self, words, stdin):
        if words[0] in ALONE:
            done = subprocess.run([*JAVA, "-cp", f"{nodes.apache_libs()}/*", CLASSES[words[0]], *words[1:]],
                                  input=stdin.encode(), capture_output=True, timeout=120)
            return done.returncode, done.stdout.decode(), done.stderr.decode()
        words = [CLASSES[words[0]], stdin, *words[1:]]
        pipe = self.process.stdin
        pipe.write(struct.pack(">i", len(words)))
        for word in words:
            data = word.encode()
            pipe.write(struct.pack(">i", len(data)) + data)
        pipe.flush()
        read = self.process.stdout.read
        code, = struct.unpack(">i", read(4))
        out = read(struct.unpack(">i", read(4))[0])
        err = read(struct.unpack(">i", read(4))[0])
        return code, out.decode(), err.decode()

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)


class Ours:
    """Ottla's tools."""

    def run(self, words, stdin):
        done = subprocess.run([nodes.Ottla.binary(), *words], input=stdin.encode(), capture_output=True, timeout=120)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def close(self):
        pass


FLAG = re.compile(r"(?<![\w-])--?[a-zA-Z][\w.-]*")
NOISE = re.compile(r"^(\[.*?\] )?(WARN|ERROR|INFO) |Caused by: |\tSuppressed: |com\.fasterxml\.| at \[Source|The consumer rebalance protocol \(KIP-848\) is production-ready!")
EXCEPTION = re.compile(r"^(Exception in thread .*)?(java|org|kafka|joptsimple|net|com)(\.\w+)*[.$]\w+(Exception|Error)\b(: )?")
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
TIME = re.compile(r"(?<![\w.-])1[0-9]{12}(?![\w])")
ID = re.compile(r"(?<![\w-])[\w-]{22}(?![\w-])")


def mask_id(match):
    text = match.group()
    is_id = re.search("[A-Z]", text) and re.search("[a-z]", text) and re.search("[0-9_-]|(.*[A-Z]){5}", text)
    return "{id}" if is_id else text


def without_traces(lines):
    """Stack traces of Java, with the line above them that names the exception."""
    kept, before = [], None
    for line in lines:
        if line.startswith(("\tat ", "\t... ")):
            if kept and kept[-1] is before and EXCEPTION.match(before):
                message = EXCEPTION.sub("", kept.pop(), count=1)
                if not (kept and message in kept[-1]):
                    kept.append(message)
        elif not NOISE.match(line):
            kept.append(line)
        before = line
    return kept


def measured(line):
    """A line without what was measured."""
    if " records/sec (" in line:
        return re.sub(r"(?<=records sent, ).*", lambda rest: re.sub(r"[0-9.]+(?= )|NaN|Infinity", "{n}", rest.group().replace("9.9th", "9th")), line)
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]+, ", line):
        fields = line.split(", ")
        return ", ".join(field if at in (2, 4) else "{n}" for at, field in enumerate(fields))
    if line.startswith(("Avg latency: ", "Percentiles: ")):
        return re.sub(r"(?<== )[0-9.]+|(?<=latency: )[0-9.]+", "{n}", line)
    if re.match(r"[0-9]+\t[0-9.]+$", line):
        return line.split("\t")[0] + "\t{n}"
    line = re.sub(r"(\{time\} *\t)[0-9]+ *(?=\t|$)", r"\1{n}", line)
    return re.sub(r'"avg_throughput":[0-9.E-]+', '"avg_throughput":{n}', line)


def in_order(match):
    """A list whose order changes from run to run."""
    return match.group(1) + ", ".join(sorted(match.group(2).split(", ")))


def mask(text, places):
    """What remains of an output when ids, times, hosts and the wording of help are taken out."""
    for found, shown in places:
        text = text.replace(found, shown)
    text = re.sub(r" crc: [0-9]+ ", " crc: {crc} ", text)
    text = ID.sub(mask_id, TIME.sub("{time}", UUID.sub("{uuid}", text)))
    text = re.sub(r"()((?:\[[a-z-]+\], )+\[[a-z-]+\])", in_order, text)
    text = re.sub(r"(Valid (?:states|types) are: )(.*)", in_order, text)
    lines, flags, error, style, table = [], None, None, "", False
    for line in without_traces(text.split("\n")):
        if error is not None:
            # Apache Kafka's parser spreads a refusal over lines of the same width.
            error += line if error.endswith("-") else f" {line}"
            continue
        if flags is None and re.match(r"Option( \(.*\))?\s+Description|usage: ", line):
            flags, style, table = {"-h"}, line.split(" ")[0], line.startswith("Option")
        if re.match(r"[a-z0-9.-]+:\s+error:", line) and flags is not None:
            error = line
        elif flags is None:
            lines.append(measured(line.rstrip()))
        else:
            # In a table the flags begin their lines, in a usage they are anywhere.
            if table := table or not line.strip() or line.startswith("---"):
                line = re.split(" {3,}", line[2:] if line[:2] in ("  ", "* ") else line)[0]
                line = line if line.startswith("-") and not line.startswith("---") else ""
                line = line if style == "usage" else line.split(" ")[0]
            flags.update(FLAG.findall(line))
    if flags is not None:
        lines.append("{flags: " + " ".join(sorted(flags - {"-h", "--help", "--version"})) + "}")
    if error is not None:
        lines.append(" ".join(error.split()))
    while lines and not lines[-1]:
        lines.pop()
    return lines


def read(path):
    """The steps of a transcript: lines before the outputs, the words of a command, what it is to print."""
    steps, head = [], []
    for line in path.read_text().splitlines():
        if line.startswith(("> ", "! ", "= ")) or line in (">", "!"):
            steps[-1][2].append(line)
        elif line.startswith(("$ ", "~ ")):
            steps.append((head, line[2:], [], line[0]))
            head = []
        else:
            head.append(line)
    return steps, head


def play(steps, tools, node_class, name):
    """What each step prints."""
    folder = CACHE / "run" / f"tools-{node_class.__name__.lower()}-{type(tools).__name__.lower()}"
    nodes.fresh(folder)
    node = node_class(folder / "node", {"group.initial.rebalance.delay.ms": 0}).start()
    places = [(node.bootstrap, "{bootstrap}"), (f"127.0.0.1:{node.controller_port}", "{controller}"),
              (str(folder), "{dir}"), (f":{node.port}", ":{port}"), (f" {node.port} ", " {port} "),
              (f" {node.controller_port} ", " {port} ")]
    printed = []
    try:
        node.wait_ready()
        for head, command, _, _ in steps:
            stdin = ""
            for line in head:
                if line.startswith("file "):
                    file, content = line[5:].split(": ", 1)
                    content = fill(content, node, folder)
                    (folder / file).write_text(content.encode().decode("unicode_escape") + "\n")
                if line.startswith("stdin: "):
                    stdin = line[7:].encode().decode("unicode_escape") + "\n"
            words = shlex.split(fill(command, node, folder))
            code, out, err = tools.run(words, stdin)
            lines = [f"> {line}".rstrip() for line in mask(out, places)] + [f"! {line}".rstrip() for line in mask(err, places)]
            printed.append(lines + [f"= {code}"])
    finally:
        node.stop()
    return printed


def fill(text, node, folder):
    text = text.replace("{b}", f"--bootstrap-server {node.bootstrap}")
    text = text.replace("{bootstrap}", node.bootstrap).replace("{controller}", f"127.0.0.1:{node.controller_port}")
    return text.replace("{dir}", str(folder))


def compare(steps, theirs, ours, name):
    """How many steps differ; shows how."""
    differ = 0
    for (_, command, _, _), expected, found in zip(steps, theirs, ours):
        if expected != found:
            differ += 1
            print(f"\n{name}: $ {command}")
            print("\n".join(list(difflib.unified_diff(expected, found, "Apache Kafka", "Ottla", lineterm="", n=1))[2:]))
    return differ


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--broker", choices=["apache", "ottla"])
    arguments.add_argument("--only")
    arguments.add_argument("--record", action="store_true")
    options = arguments.parse_args()
    brokers = [nodes.Ottla, nodes.Apache]
    if options.broker or options.record:
        brokers = [nodes.Apache if options.broker == "apache" else nodes.Ottla]
    theirs, ours, same, differ = Theirs(), Ours(), 0, 0
    for path in sorted(TRANSCRIPTS.glob(f"{options.only or '*'}.txt")):
        steps, tail = read(path)
        for node_class in brokers:
            started = time.time()
            expected = play(steps, theirs, node_class, path.stem)
            if options.record:
                lines = [line for (head, command, _, mark), found in zip(steps, expected)
                         for line in [*head, f"{mark} {command}", *(found if mark == "$" else [])]]
                path.write_text("".join(line + "\n" for line in lines + tail))
            found = play(steps, ours, node_class, path.stem)
            count = compare(steps, expected, found, f"{path.stem} on {node_class.name}")
            same, differ = same + len(steps) - count, differ + count
            print(f"{path.stem} on {node_class.name}: {len(steps)} command lines, {count} differ, "
                  f"{time.time() - started:.1f} s", file=sys.stderr)
    theirs.close()
    print(f"tools: {same} command lines the same, {differ} different")
    sys.exit(1 if differ else 0)


main()
