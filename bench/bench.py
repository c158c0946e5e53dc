"""Ottla and Apache Kafka side by side in one run, with the same clients and settings.

bench.py [--quick] [--only ottla|apache] [--compaction] [--transactions N]

Prints one table; with --compaction, that of compaction. Figures of broker CPU are user and system time of the broker's process; ratios
matter, not the figures, which depend on the machine.
"""

import argparse
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "interop")]

import compaction  # noqa: E402
import nodes  # noqa: E402
from nodes import CACHE  # noqa: E402

from confluent_kafka import Consumer, OFFSET_BEGINNING, Producer, TopicPartition  # noqa: E402
from confluent_kafka.admin import AdminClient, NewTopic  # noqa: E402


def create(node, name, partitions=1):
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    list(admin.create_topics([NewTopic(name, partitions, 1)]).values())[0].result(30)
    time.sleep(0.3)


def produce(node, topic, count, size):
    """Broker CPU in µs per record and records per second of batched produce with acks=all."""
    create(node, topic)
    value = bytes(size)
    producer = Producer({"bootstrap.servers": node.bootstrap, "acks": "all", "linger.ms": 5, "batch.size": 1_000_000,
                         "batch.num.messages": 10_000, "queue.buffering.max.messages": 500_000,
                         "queue.buffering.max.kbytes": 1_000_000})
    for _ in range(1000):
        producer.produce(topic, value, partition=0)
    producer.flush(30)
    cpu, began = node.cpu_seconds(), time.perf_counter()
    for i in range(count):
        while True:
            try:
                producer.produce(topic, value, partition=0)
                break
            except BufferError:
                producer.poll(0.01)
        if i % 1000 == 0:
            producer.poll(0)
    producer.flush(120)
    took = time.perf_counter() - began
    return (node.cpu_seconds() - cpu) * 1e6 / count, count / took


def consume(node, topic, count):
    """Broker CPU in µs per record and records per second of reading a topic from its start."""
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": "bench", "enable.auto.commit": False,
                         "fetch.message.max.bytes": 1_048_576, "queued.max.messages.kbytes": 200_000})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    seen, cpu, began = 0, node.cpu_seconds(), time.perf_counter()
    while seen < count and time.perf_counter() < began + 120:
        seen += len(consumer.consume(10_000, 1.0))
    took = time.perf_counter() - began
    used = node.cpu_seconds() - cpu
    consumer.close()
    return used * 1e6 / max(seen, 1), seen / took


def paced(node, rate, seconds):
    """One record at a time at a fixed rate: end-to-end latencies in ms, broker CPU in µs per record."""
    topic = "paced"
    create(node, topic)
    producer = Producer({"bootstrap.servers": node.bootstrap, "acks": "all", "linger.ms": 0, "socket.nagle.disable": True})
    consumer = Consumer({"bootstrap.servers": node.bootstrap, "group.id": "paced", "fetch.wait.max.ms": 500,
                         "enable.auto.commit": False, "socket.nagle.disable": True})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    import threading
    latencies, total = [], rate * seconds

    def read():
        until = time.perf_counter() + seconds + 20
        while len(latencies) < total and time.perf_counter() < until:
            message = consumer.poll(1.0)
            if message and not message.error():
                latencies.append((time.perf_counter_ns() - int(message.value()[:20])) / 1e6)

    reader = threading.Thread(target=read)
    reader.start()
    time.sleep(1)
    cpu, began = node.cpu_seconds(), time.perf_counter()
    padding = b" " * 80
    for i in range(total):
        due = began + i / rate
        while (now := time.perf_counter()) < due:
            if due - now > 0.0002:
                time.sleep(due - now - 0.0001)
        producer.produce(topic, b"%020d" % time.perf_counter_ns() + padding, partition=0)
        producer.poll(0)
    producer.flush(30)
    reader.join()
    used = node.cpu_seconds() - cpu
    consumer.close()
    latencies = sorted(latencies[len(latencies) // 10:])
    at = lambda q: latencies[min(len(latencies) - 1, int(q * len(latencies)))]  # noqa: E731
    return used * 1e6 / total, at(0.5), at(0.99), at(0.999)


def transactions(node, count):
    """Transactions of 100 records of 1 KB by one Java producer: broker CPU in µs each, transactions per second,
    median and 99th percentile of the commit in ms."""
    create(node, "transactions")
    command = nodes.java_program("TransactionLoad", node.bootstrap, "transactions", str(count // 2), str(count), "100", "1000")
    load = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    cpu = 0.0
    for line in load.stdout:
        if line.startswith("begin"):
            cpu = node.cpu_seconds()
        elif line.startswith("end"):
            rate, median, late = map(float, line.split()[1:])
            return (node.cpu_seconds() - cpu) * 1e6 / count, rate, median, late
    raise RuntimeError(f"the producer ended with {load.wait()}")


def first_record(node_class, folder):
    """Seconds from the start of the process to the first acknowledged record, on an empty folder."""
    node = node_class(nodes.fresh(folder))
    producer = Producer({"bootstrap.servers": node.bootstrap, "reconnect.backoff.ms": 5, "reconnect.backoff.max.ms": 10,
                         "retry.backoff.ms": 5, "log_level": 0, "topic.metadata.refresh.fast.interval.ms": 10,
                         "message.timeout.ms": 60000})
    done = []
    began = time.perf_counter()
    node.start()
    producer.produce("first", b"x", on_delivery=lambda e, m: done.append(e))
    while not done and time.perf_counter() < began + 60:
        producer.poll(0.01)
    took = time.perf_counter() - began
    node.wait_ready()
    return node, took


def idle(node, seconds):
    cpu = node.cpu_seconds()
    time.sleep(seconds)
    return (node.cpu_seconds() - cpu) * 1000 / seconds


def measure(node_class, quick):
    scale = 10 if quick else 1
    figures = {}
    node, figures["start to first acknowledged record, s"] = first_record(node_class, CACHE / "bench" / node_class.__name__)
    try:
        time.sleep(2)
        figures["resident when idle, MiB"] = node.resident_mib()
        figures["CPU when idle, ms per s"] = idle(node, 5 if quick else 20)
        produce(node, "warm", 1_000_000 // scale, 1000)
        figures["produce 1 KB: broker CPU per record, µs"], figures["produce 1 KB: records/s"] = \
            produce(node, "large", 1_000_000 // scale, 1000)
        figures["produce 100 B: broker CPU per record, µs"], figures["produce 100 B: records/s"] = \
            produce(node, "small", 3_000_000 // scale, 100)
        figures["consume 1 KB: broker CPU per record, µs"], figures["consume 1 KB: records/s"] = \
            consume(node, "large", 1_000_000 // scale)
        (figures["paced 2,000/s: broker CPU per record, µs"], figures["paced 2,000/s: p50, ms"],
         figures["paced 2,000/s: p99, ms"], figures["paced 2,000/s: p99.9, ms"]) = paced(node, 2000, 5 if quick else 15)
        (figures["100-record transactions: broker CPU each, µs"], figures["100-record transactions: per s"],
         figures["commit: p50, ms"], figures["commit: p99, ms"]) = transactions(node, 5_000 // scale)
        figures["resident when warm, MiB"] = node.resident_mib()
    finally:
        node.stop()
        nodes.fresh(node.folder)
    return figures


def only_transactions(node_class, count):
    node = node_class(nodes.fresh(CACHE / "bench" / f"{node_class.__name__}-transactions")).start().wait_ready()
    try:
        names = ["100-record transactions: broker CPU each, µs", "100-record transactions: per s", "commit: p50, ms",
                 "commit: p99, ms"]
        return dict(zip(names, transactions(node, count)))
    finally:
        node.stop()
        nodes.fresh(node.folder)


def many_partitions(node_class, count):
    """Resident memory with many partitions, and the time from kill -9 to serving again."""
    node = node_class(nodes.fresh(CACHE / "bench" / f"{node_class.__name__}-many")).start().wait_ready()
    try:
        admin = AdminClient({"bootstrap.servers": node.bootstrap})
        for first in range(0, count, 500):
            topics = [NewTopic(f"many-{first}", min(500, count - first), 1)]
            [f.result(120) for f in admin.create_topics(topics, operation_timeout=60).values()]
        time.sleep(3)
        resident = node.resident_mib()
        node.stop(kill=True)
        began = time.perf_counter()
        node.log.unlink()
        node.start().wait_ready(300)
        return {f"{count} partitions: resident, MiB": resident,
                f"{count} partitions: restart after kill -9, s": time.perf_counter() - began}
    finally:
        node.stop()
        nodes.fresh(node.folder)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--quick", action="store_true", help="a tenth of the load")
    arguments.add_argument("--only", choices=["ottla", "apache"])
    arguments.add_argument("--compaction", action="store_true", help="compaction only")
    arguments.add_argument("--partitions", type=int, default=10_000)
    arguments.add_argument("--transactions", type=int, metavar="N", help="only that many transactions")
    options = arguments.parse_args()
    classes = [c for c in (nodes.Ottla, nodes.Apache) if options.only in (None, c.__name__.lower())]
    columns = {}
    for node_class in classes:
        print(f"measuring {node_class.name} ...", file=sys.stderr)
        if options.compaction:
            columns[node_class.name] = compaction.measure(node_class, options.quick)
            continue
        if options.transactions:
            columns[node_class.name] = only_transactions(node_class, options.transactions)
            continue
        columns[node_class.name] = measure(node_class, options.quick)
        if node_class is nodes.Ottla and options.partitions:
            columns[node_class.name] |= many_partitions(node_class, options.partitions)
    names = list(dict.fromkeys(name for column in columns.values() for name in column))
    print(f"{'':44}" + "".join(f"{name:>16}" for name in columns) + f"{'ratio':>10}")
    for name in names:
        values = [column.get(name) for column in columns.values()]
        cells = "".join(f"{'–' if v is None else f'{v:,.3f}' if v < 10 else f'{v:,.0f}':>16}" for v in values)
        ratio = f"{values[0] / values[1]:>10.2f}" if len(values) == 2 and all(values) else ""
        print(f"{name:44}{cells}{ratio}")


main()
