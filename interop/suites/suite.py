"""Runs the tests that a client's own project keeps for itself against one broker.

suite.py librdkafka|kafka-python [--apache] [--only TEXT] [--all] [--jobs N]

--apache      against Apache Kafka, which says what one broker can pass
--only TEXT   tests whose name contains TEXT
--all         also the tests that are left out
--jobs N      tests at a time (2), where the tests allow it

NAME.txt beside this file lists the tests left out, one a line, each with its reason after a colon.
"""

import argparse
import importlib
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import nodes  # noqa: E402

NAMES = ["librdkafka", "kafka-python"]


def left_out(name):
    """The tests that are not run, with the reason for each."""
    lines = (HERE / f"{name}.txt").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))


def start(name, apache, settings):
    """A fresh broker for a suite, and its folder."""
    kind = nodes.Apache if apache else nodes.Ottla
    folder = nodes.fresh(nodes.CACHE / "run" / f"{kind.__name__.lower()}-{name}")
    return kind(folder, settings).start()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("suite", choices=NAMES)
    arguments.add_argument("--apache", action="store_true")
    arguments.add_argument("--only", default="")
    arguments.add_argument("--all", action="store_true")
    arguments.add_argument("--jobs", type=int, default=2)
    options = arguments.parse_args()
    reasons = left_out(options.suite)
    counts = {"passed": 0, "failed": 0, "skipped": 0, "left out": 0}
    suite = importlib.import_module(options.suite.replace("-", "_") + "_suite")
    suite.prepare()

    def wanted(test):
        if options.only not in test:
            return False
        if test in reasons and not options.all:
            counts["left out"] += 1
            print(f"left out  {test}: {reasons[test]}", flush=True)
            return False
        return True

    def node(settings, what=options.suite):
        return start(what, options.apache, settings)

    started = time.time()
    for test, outcome, seconds, why in suite.run(node, reasons, wanted, options.jobs):
        counts[outcome] += 1
        print(f"{outcome:9} {test} ({seconds:.0f} s)" + (f": {why}" if why else ""), flush=True)
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    print(f"{options.suite} against {'Apache Kafka' if options.apache else 'Ottla'}: {said}, {time.time() - started:.0f} s")
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


main()
