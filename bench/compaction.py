"""How fast a broker compacts a log, and in how much memory."""

import pathlib
import random
import time

import nodes
from nodes import CACHE

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

TOPIC = "compacted"
VALUE_BYTES = 1000


def fill(node, count, keys):
    """Produces `count` records of about 1 KB with `keys` different keys; none is compacted yet."""
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    config = {"cleanup.policy": "compact", "segment.bytes": 100_000_000, "min.cleanable.dirty.ratio": 1.0}
    list(admin.create_topics([NewTopic(TOPIC, 1, 1, config=config)]).values())[0].result(30)
    time.sleep(0.5)
    producer = Producer({"bootstrap.servers": node.bootstrap, "acks": "all", "linger.ms": 20, "batch.size": 100_000,
                         "queue.buffering.max.messages": 100_000, "queue.buffering.max.kbytes": 200_000})
    # The same records for every broker, which do not compress to nothing.
    numbers = random.Random(1)
    values = [numbers.randbytes(VALUE_BYTES) for _ in range(100)]
    for i in range(count):
        key = b"key-%016d" % (numbers.randrange(keys))
        while True:
            try:
                producer.produce(TOPIC, values[i % 100], key, partition=0)
                break
            except BufferError:
                producer.poll(0.01)
        if i % 1000 == 0:
            producer.poll(0)
    assert producer.flush(300) == 0


def segments(node):
    folder = node.folder / "data" / f"{TOPIC}-0"
    return {int(path.stem): path.stat().st_size for path in folder.glob("*.log")}


def cleaned_up_to(node):
    path = node.folder / "data" / "cleaner-offset-checkpoint"
    lines = path.read_text().splitlines()[2:] if path.exists() else []
    return max((int(line.split()[2]) for line in lines if line.startswith(TOPIC + " ")), default=0)


def peak_mib(node):
    for line in pathlib.Path(f"/proc/{node.process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def compact(node):
    """Seconds until all but the active segment was compacted."""
    target = max(segments(node))
    admin = AdminClient({"bootstrap.servers": node.bootstrap})
    entry = ConfigEntry("min.cleanable.dirty.ratio", "0.0", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, TOPIC, incremental_configs=[entry])
    began = time.perf_counter()
    [future.result(30) for future in admin.incremental_alter_configs([resource]).values()]
    while cleaned_up_to(node) < target:
        if time.perf_counter() > began + 600:
            raise TimeoutError(f"{node.name} did not compact {TOPIC}, see {node.log}")
        time.sleep(0.01)
    return time.perf_counter() - began


def measure(node_class, quick):
    count, figures = (200_000 if quick else 1_500_000), {}
    settings = {"log.cleaner.backoff.ms": 100, "log.segment.delete.delay.ms": 1000}
    folder = nodes.fresh(CACHE / "bench" / f"{node_class.__name__}-compaction")
    node = node_class(folder, settings).start().wait_ready()
    try:
        fill(node, count, count // 2)
        # A fresh process shows what compaction alone takes.
        node.stop()
        node.log.unlink()
        node.start().wait_ready()
        time.sleep(3)
        sizes = segments(node)
        dirty = sum(sizes.values()) - sizes[max(sizes)]
        resident = node.resident_mib()
        pathlib.Path(f"/proc/{node.process.pid}/clear_refs").write_text("5")
        cpu = node.cpu_seconds()
        took = compact(node)
        figures["compaction: MB of dirty log per second"] = dirty / 1e6 / took
        figures["compaction: broker CPU per MB, ms"] = (node.cpu_seconds() - cpu) * 1000 / (dirty / 1e6)
        figures["compaction: resident before, MiB"] = resident
        figures["compaction: peak resident, MiB"] = peak_mib(node)
        time.sleep(2)
        figures["compaction: share of bytes left"] = sum(segments(node).values()) / sum(sizes.values())
    finally:
        node.stop()
        nodes.fresh(node.folder)
    return figures
