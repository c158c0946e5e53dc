"""kafka-python's integration tests, from its source package, against one external broker."""

import os
import subprocess
import sys
import tarfile
import xml.etree.ElementTree

import nodes

VERSION = "3.0.12"
FOLDER = nodes.CACHE / "kafka-python"
SOURCES = FOLDER / f"kafka_python-{VERSION}"
PYTHON = nodes.CACHE / "venv" / "bin" / "python"
HERE = nodes.HERE / "suites"
TESTS = ["test_admin_integration.py", "test_consumer_integration.py", "test_producer_integration.py"]
LIBRARIES = ["pytest==8.4.2", "pytest-mock==3.15.1", "pytest-timeout==2.4.0", "py==1.11.0"]
SETTINGS = {"node.id": 0, "advertised.listeners": "PLAINTEXT://127.0.0.1:{port}", "num.partitions": 4,
            "offsets.topic.num.partitions": 2, "group.min.session.timeout.ms": 1000}


def prepare():
    """Fetches the source package, adds the two files of its tests that it lacks, and what they import."""
    if (FOLDER / ".complete").exists():
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    pip = [PYTHON, "-m", "pip"]
    subprocess.run([*pip, "install", "-q", *LIBRARIES], check=True)
    subprocess.run([*pip, "download", "-q", "--no-binary", ":all:", "--no-deps", f"kafka-python=={VERSION}"], cwd=FOLDER, check=True)
    with tarfile.open(next(FOLDER.glob("*.tar.gz"))) as archive:
        archive.extractall(FOLDER, filter="data")
    (SOURCES / "test" / "__init__.py").touch()
    (SOURCES / "test" / "service.py").write_bytes((HERE / "kafka_python" / "service.py").read_bytes())
    (FOLDER / ".complete").touch()


def pytest(*arguments, **options):
    environment = {**os.environ, "KAFKA_VERSION": "4.3", "KAFKA_ROOT": str(FOLDER), **options.pop("environment", {})}
    return subprocess.run([PYTHON, "-m", "pytest", "-p", "no:cacheprovider", *arguments], cwd=SOURCES, env=environment,
                          stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, **options)


def run(start, _reasons, wanted, _jobs):
    listed = pytest("--collect-only", "-q", *(f"test/integration/{file}" for file in TESTS), stdout=subprocess.PIPE)
    tests = [line for line in listed.stdout.decode().splitlines() if "::" in line]
    if listed.returncode != 0 or not tests:
        sys.exit(f"kafka-python: pytest finds no tests:\n{listed.stdout.decode()}")
    tests = [test for test in tests if wanted(name(test))]
    if not tests:
        return
    node = start(SETTINGS)
    try:
        node.wait_ready()
        output, report = node.folder / "pytest.log", node.folder / "pytest.xml"
        with output.open("wb") as log:
            pytest("-q", f"--junitxml={report}", *tests, stdout=log, environment={"KAFKA_URI": f"kafka://{node.bootstrap}"})
    finally:
        node.stop()
    cases = {case.get("name"): case for case in xml.etree.ElementTree.parse(report).iter("testcase")}
    for test in tests:
        yield name(test), *verdict(cases.get(name(test)), output)


def name(test):
    return test.split("::", 1)[1]


def verdict(case, output):
    """(outcome, seconds, why) of a test by its entry in pytest's report."""
    if case is None:
        return "failed", 0, f"did not run, see {output}"
    seconds, bad = float(case.get("time")), case.find("failure")
    bad = case.find("error") if bad is None else bad
    if bad is not None:
        return "failed", seconds, f"{bad.get('message').splitlines()[0]}; see {output}"
    skipped = case.find("skipped")
    return ("passed", seconds, "") if skipped is None else ("skipped", seconds, skipped.get("message"))
