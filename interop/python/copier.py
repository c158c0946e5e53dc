"""Exactly once under kill -9: copier.py ROUNDS [--seed N]

Apache Kafka's TransactionalMessageCopier copies a topic in transactions while the node and the copier are killed with
kill -9 and started again at random times. At the end a reader of committed records sees each record of the input once
and in order, and the group stands behind the last one.

Prints what it counted; ends with 1 when anything of that does not hold.
"""

import argparse
import pathlib
import random
import subprocess
import sys
import time

from confluent_kafka import Consumer, OFFSET_BEGINNING, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import nodes  # noqa: E402

GROUP, INPUT, OUTPUT = "copier-group", "copier-in", "copier-out"


def committed(node):
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": GROUP, "enable.auto.commit": False})
    try:
        return max(consumer.committed([TopicPartition(INPUT, 0)], timeout=20)[0].offset, 0)
    finally:
        consumer.close()


def fill(node, count):
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    for created in admin.create_topics([NewTopic(INPUT, 1, 1), NewTopic(OUTPUT, 1, 1)]).values():
        created.result(30)
    producer = Producer({"bootstrap.servers": node.bootstrap, "enable.idempotence": True, "linger.ms": 5,
                         "queue.buffering.max.messages": count + 1})
    for i in range(count):
        producer.produce(INPUT, str(i), partition=0)
    producer.flush(60)


def read_all(node, isolation):
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": f"read-{isolation}", "enable.auto.commit": False,
                         "isolation.level": isolation, "enable.partition.eof": True})
    consumer.assign([TopicPartition(OUTPUT, 0, OFFSET_BEGINNING)])
    values, until = [], time.time() + 60
    while time.time() < until:
        message = consumer.poll(1)
        if message and message.error():
            break
        if message:
            values.append(int(message.value()))
    consumer.close()
    return values


class Copier:
    """Copies from where the group stands to the end of the input."""

    def __init__(self, node, log):
        self.log = log
        self.command = nodes.java(
            "org.apache.kafka.tools.TransactionalMessageCopier", "--broker-list", node.bootstrap, "--input-topic", INPUT,
            "--input-partition", "0", "--output-topic", OUTPUT, "--consumer-group", GROUP, "--transactional-id", "copier",
            "--transaction-size", "50", "--enable-random-aborts", "--use-group-metadata", "--group-mode")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self.log.open("ab"),
                                        stderr=subprocess.STDOUT)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.is_running():
            self.process.kill()
            self.process.wait(20)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("rounds", type=int)
    arguments.add_argument("--seed", type=int, default=int(time.time()))
    arguments.add_argument("--records", type=int, default=20_000)
    arguments.add_argument("--apache", action="store_true", help="kills Apache Kafka instead")
    options = arguments.parse_args()
    randomness = random.Random(options.seed)
    node_class = nodes.Apache if options.apache else nodes.Ottla
    folder = nodes.CACHE / "run" / f"copier-{node_class.__name__.lower()}"
    nodes.fresh(folder)
    node = node_class(folder).start().wait_ready()
    began = time.time()
    copier = Copier(node, folder / "copier.log")
    kills = {"node": 0, "copier": 0}
    try:
        fill(node, options.records)
        while kills["node"] + kills["copier"] < options.rounds:
            if not copier.is_running():
                copier.start()
                time.sleep(randomness.uniform(2.0, 5.0))
            time.sleep(randomness.uniform(0.1, 1.5))
            if randomness.random() < 0.6:
                node.stop(kill=True)
                node.start().wait_ready()
                kills["node"] += 1
            else:
                copier.kill()
                kills["copier"] += 1
        until = time.time() + 300
        while committed(node) < options.records and time.time() < until:
            if not copier.is_running():
                copier.start()
            time.sleep(1)
        copier.kill()
        values, any_values = read_all(node, "read_committed"), read_all(node, "read_uncommitted")
        stands = committed(node)
    finally:
        copier.kill()
        node.stop()
    ok = values == list(range(options.records)) and stands == options.records
    print(f"{node.name}: seed {options.seed}, {kills['node']} kills of the node, {kills['copier']} of the copier, "
          f"{len(values)} of {options.records} records committed, {len(any_values)} written, "
          f"the group stands at {stands}, in {time.time() - began:.0f} s: {'ok' if ok else 'NOT ok'}")
    if not ok:
        counts = {}
        for value in values:
            counts[value] = counts.get(value, 0) + 1
        missing = [i for i in range(options.records) if i not in counts]
        doubled = [i for i in counts if counts[i] > 1]
        print(f"missing {missing[:10]} ({len(missing)}), doubled {doubled[:10]} ({len(doubled)}), "
              f"in order: {values == sorted(values)}")
    sys.exit(0 if ok else 1)


main()
