"""librdkafka's integration tests, as they come inside an npm package.

Tests that its table calls local need no broker and are not run; those from 0170 on are about share groups.
"""

import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time

import nodes

PACKAGE = "@confluentinc/kafka-javascript@1.10.1"
FOLDER = nodes.CACHE / "librdkafka"
SOURCES = FOLDER / "package" / "deps" / "librdkafka"
TESTS = SOURCES / "tests"
SECONDS_MAX = 900
EVERYWHERE = {"num.partitions": 4, "broker.rack": "RACK1", "group.initial.rebalance.delay.ms": 3000}
#: What librdkafka calls a scenario is how the broker is set up.
SETTINGS = {"default": EVERYWHERE, "noautocreate": {**EVERYWHERE, "auto.create.topics.enable": "false"}}


def prepare():
    """Fetches and builds librdkafka and its tests, once."""
    lacking = [tool for tool in ("npm", "make", "gcc", "g++", "java", "mvn") if not shutil.which(tool)]
    lacking += [file for file in ("zlib.h", "openssl/ssl.h", "rapidjson/rapidjson.h") if not has_header(file)]
    if lacking:
        sys.exit(f"librdkafka: this machine lacks {', '.join(lacking)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    kafka_path()
    if (FOLDER / ".built").exists():
        return
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(FOLDER.glob("*.tgz"))) as archive:
        archive.extractall(FOLDER, filter="data")
    print("librdkafka: building, some minutes ...", file=sys.stderr)
    jobs = f"-j{os.cpu_count()}"
    with (FOLDER / "build.log").open("wb") as log:
        for folder, command in [
            (SOURCES, ["./configure", "--disable-gssapi", "--disable-curl"]),
            (SOURCES / "src", ["make", jobs]),
            (SOURCES / "src-cpp", ["make", jobs]),
            (TESTS, ["make", jobs, "test-runner", "interceptor_test"]),
        ]:
            done = subprocess.run(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                sys.exit(f"librdkafka: {' '.join(command)} failed, see {FOLDER / 'build.log'}")
    (FOLDER / ".built").touch()


def has_header(file):
    source = f"#include <{file}>\n".encode()
    return subprocess.run(["g++", "-E", "-x", "c++", "-"], input=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def kafka_path():
    """Makes of FOLDER what some tests expect at KAFKA_PATH: Apache Kafka's jars and two of its scripts."""
    libs = FOLDER / "libs"
    libs.unlink(missing_ok=True)
    libs.symlink_to(nodes.apache_libs())
    (FOLDER / "bin").mkdir(exist_ok=True)
    run_class = f'exec java -Xmx256m -Dlog4j2.configurationFile={nodes.HERE}/apache/log4j2.yaml -cp "$CLASSPATH:{libs}/*"'
    for script, main in [("kafka-run-class.sh", ""), ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand ")]:
        file = FOLDER / "bin" / script
        file.write_text(f'#!/bin/sh\n{run_class} {main}"$@"\n')
        file.chmod(0o755)


def table():
    """(name, scenario) of each test that needs a broker, as test.c lists them."""
    text = (TESTS / "test.c").read_text()
    for name, rest in re.findall(r"^ {4}_TEST\((\w+),(.*?)\),\n(?=    _TEST|#|\n)", text, re.M | re.S):
        scenario = re.search(r'\.scenario = "(\w+)', rest)
        if name < "0170" and "TEST_F_LOCAL" not in rest:
            yield name, scenario.group(1) if scenario else "default"


def parts(name, reasons):
    """Names of a test's sub-tests when some of them are left out, else its own name only."""
    if not any(left_out.startswith(f"{name}/") for left_out in reasons):
        return [name]
    known = functions(next(TESTS.glob(f"{name[:4]}-*.c*")))
    return [f"{name}/{part}" for part in dict.fromkeys(known)]


def functions(source):
    """The functions of a test that are sub-tests."""
    function = ""
    for line in source.read_text().splitlines():
        defined = re.match(r"(?:(?:static )?\w+ )?(\w+)\(", line)
        function = defined.group(1) if defined else function
        if re.match(r" +SUB_TEST(0|_QUICK)?\(", line):
            yield function


def run(start, reasons, wanted, jobs):
    runs = {}
    for name, scenario in table():
        for part in parts(name, reasons):
            if wanted(part):
                # The runner picks tests by number, so those of one number run together.
                runs.setdefault((scenario, name[:4], part.partition("/")[2]), []).append(part)
    for scenario, settings in SETTINGS.items():
        mine = [run for run in runs.items() if run[0][0] == scenario]
        if not mine:
            continue
        node = start(settings, scenario)
        try:
            node.wait_ready()
            create_offsets_topic(node)
            conf = node.folder / "test.conf"
            conf.write_text(f"bootstrap.servers={node.bootstrap}\ntest.timeout.multiplier=2\ntest.topic.random=true\n")
            with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
                for done in concurrent.futures.as_completed([pool.submit(one, node, *key, names) for key, names in mine]):
                    yield from done.result()
        finally:
            node.stop()


def create_offsets_topic(node):
    """Saves the first tests from NOT_COORDINATOR, which clients may see while the shards of a new `__consumer_offsets`
    are set up, with Apache Kafka too, and which some tests take for a failure."""
    subprocess.run([FOLDER / "bin" / "kafka-topics.sh", "--bootstrap-server", node.bootstrap, "--create", "--topic",
                    "__consumer_offsets", "--partitions", "50", "--config", "cleanup.policy=compact"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def one(node, scenario, number, part, names):
    """Runs the tests of one number, or one part of them, in a process of its own."""
    output = node.folder / f"{number}{re.sub(r'[^a-zA-Z0-9_.]+', '-', '-' + part).rstrip('-')}.log"
    environment = {**os.environ, "LD_LIBRARY_PATH": "../src:../src-cpp", "TESTS": number, "TEST_KAFKA_VERSION": "4.3.0",
                   "RDKAFKA_TEST_CONF": str(node.folder / "test.conf"), "KAFKA_PATH": str(FOLDER), "BROKERS": node.bootstrap}
    if part:
        environment["SUBTESTS"] = f"{part}:"
    started, late = time.time(), False
    with output.open("wb") as log:
        try:
            subprocess.run(["./test-runner", "-p1", "-L", "-s", scenario], cwd=TESTS, env=environment, stdin=subprocess.DEVNULL,
                           stdout=log, stderr=subprocess.STDOUT, timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            late = True
    results = []
    for name in names:
        outcome, why = verdict(output.read_text(errors="replace"), name.partition("/")[0], part)
        if outcome == "failed":
            why = f"did not end in {SECONDS_MAX} s" if late else f"{why or 'ended without a verdict'}; see {output}"
        results.append((name, outcome, time.time() - started, why))
    return results


def verdict(text, test, part):
    """What the summary at the end of the output says about a test, or the failure it tells of."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    found = re.search(rf"^\| {test} +\| +(\w+) \|[^|\n]*\|[ \t]*(.*)$", text, re.M)
    if not found:
        failure = re.search(r'^### Test "\d.*? failed at .*? at .*: ###\n(.*)$', text, re.M)
        return "failed", failure.group(1) if failure else ""
    if part:
        runs = re.findall(rf"\[ [^\[\]\n]*{re.escape(part)}.*: (PASS|SKIP)\b:?(.*) \]", text)
        if not any(word == "PASS" for word, _ in runs):
            return "skipped", runs[0][1].strip() if runs else "needs no broker, or not this one"
    return {"PASSED": "passed", "SKIPPED": "skipped"}.get(found.group(1), "failed"), found.group(2)
