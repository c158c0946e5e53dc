"""kill -9 under load: crash.py ROUNDS [--seed N] [--apache]

Two idempotent producers (acks=all) and a group of two consumers that commit run while the node is killed and started
again on the same folder at random times. At the end every record that was acknowledged must be there, at the offset
that was acknowledged, no record more than once, in the order it was sent per producer and partition; what the group
read is what the log holds, and a new member starts exactly where the group's last commit is.

Prints what it counted; ends with 1 when anything of that does not hold.
"""

import argparse
import collections
import logging
import pathlib
import random
import sys
import threading
import time
import traceback

from confluent_kafka import Consumer, KafkaException, OFFSET_BEGINNING, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import nodes  # noqa: E402

# librdkafka tells of every lost connection, and here they are meant to be lost.
QUIET = logging.getLogger("librdkafka")
QUIET.addHandler(logging.NullHandler())
QUIET.propagate = False
TOPIC, GROUP, PARTITIONS = "crash", "crash-group", 3


class Sender(threading.Thread):
    """An idempotent producer; values are `name:partition:sequence`, the sequence counts per partition."""

    def __init__(self, bootstrap, name, stop):
        super().__init__(name=name, daemon=True)
        self.stop, self.acknowledged, self.failed, self.left = stop, {}, [], 0
        self.next = [0] * PARTITIONS
        self.producer = Producer({
            "bootstrap.servers": bootstrap, "enable.idempotence": True, "acks": "all", "linger.ms": 2,
            "message.timeout.ms": 300_000, "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200,
            "batch.num.messages": 200, "queue.buffering.max.messages": 2000, "logger": QUIET,
        })

    def delivered(self, error, message):
        if error:
            self.failed.append((message.value()[:40], error.name()))
        else:
            self.acknowledged[message.value()] = (message.partition(), message.offset())

    def run(self):
        try:
            self.send()
        except (KafkaException, SystemError) as error:  # a fatal error of the idempotent producer
            self.failed.append((b"what came after", str(error)[:200]))
        self.left = self.producer.flush(120)

    def send(self):
        chance = random.Random(self.name)
        while not self.stop.is_set():
            for _ in range(chance.randrange(1, 60)):
                partition = chance.randrange(PARTITIONS)
                value = f"{self.name}:{partition}:{self.next[partition]}".encode() + b"." * chance.randrange(600)
                try:
                    self.producer.produce(TOPIC, value, partition=partition, on_delivery=self.delivered)
                    self.next[partition] += 1
                except BufferError:
                    self.producer.poll(0.05)
                    break
            self.producer.poll(chance.random() * 0.01)


class Member(threading.Thread):
    """A consumer of the group that remembers what it read and what it committed."""

    def __init__(self, bootstrap, name, stop):
        super().__init__(name=name, daemon=True)
        self.stop, self.read, self.commits, self.furthest, self.broken = stop, [], 0, {}, None
        self.consumer = Consumer(group_settings(bootstrap))

    def run(self):
        try:
            self.consumer.subscribe([TOPIC])
            while not self.stop.is_set():
                batch = [m for m in self.consumer.consume(200, 0.1) if not m.error()]
                self.read += [(m.partition(), m.offset(), m.value()) for m in batch]
                if batch:
                    self.commit()
            self.consumer.close()
        except Exception:  # a thread's own report; the main thread decides
            self.broken = traceback.format_exc()

    def commit(self):
        try:
            for done in self.consumer.commit(asynchronous=False):
                if not done.error:
                    self.furthest[done.partition] = max(self.furthest.get(done.partition, 0), done.offset)
            self.commits += 1
        except KafkaException:
            pass  # the node is away, or the group is rebalancing: what was not committed is read again


def group_settings(bootstrap):
    return {"bootstrap.servers": bootstrap, "group.id": GROUP, "auto.offset.reset": "earliest",
            "enable.auto.commit": False, "session.timeout.ms": 6000, "heartbeat.interval.ms": 500,
            "partition.assignment.strategy": "cooperative-sticky", "reconnect.backoff.ms": 20,
            "reconnect.backoff.max.ms": 200, "logger": QUIET}


def committed(bootstrap):
    """The group's offsets, by partition."""
    asker = Consumer({**group_settings(bootstrap), "partition.assignment.strategy": "range"})
    found = asker.committed([TopicPartition(TOPIC, p) for p in range(PARTITIONS)], timeout=30)
    asker.close()
    return {p.partition: max(p.offset, 0) for p in found}


def read_log(bootstrap):
    """Every record of the topic: partition -> [(offset, value)], and the end offsets."""
    reader = Consumer({**group_settings(bootstrap), "group.id": "crash-reader", "enable.partition.eof": False})
    ends = {p: reader.get_watermark_offsets(TopicPartition(TOPIC, p), timeout=30)[1] for p in range(PARTITIONS)}
    reader.assign([TopicPartition(TOPIC, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    log, until = collections.defaultdict(list), time.time() + 120
    while time.time() < until and any(not log[p] or log[p][-1][0] + 1 < end for p, end in ends.items() if end):
        for message in reader.consume(1000, 0.5):
            if not message.error():
                log[message.partition()].append((message.offset(), message.value()))
    reader.close()
    return log, ends


def resume_positions(bootstrap, ends, commits):
    """Where a new member of the group begins to read, for partitions with something left to read."""
    member, first, until = Consumer(group_settings(bootstrap)), {}, time.time() + 60
    wanted = {p for p in range(PARTITIONS) if commits[p] < ends[p]}
    member.subscribe([TOPIC])
    while wanted - first.keys() and time.time() < until:
        for message in member.consume(100, 0.5):
            if not message.error():
                first.setdefault(message.partition(), message.offset())
    member.close()
    return {p: first.get(p) for p in wanted}


def judge(senders, members, log):
    """What does not hold, in words; and the number of acknowledged records."""
    wrong, acknowledged = [], {}
    for sender in senders:
        acknowledged.update(sender.acknowledged)
        if sender.failed or sender.left:
            wrong.append(f"{sender.name}: {len(sender.failed)} failed {sender.failed[:3]}, {sender.left} never answered")
    for partition, records in log.items():
        offsets = [offset for offset, _ in records]
        if offsets != list(range(len(offsets))):
            wrong.append(f"partition {partition}: offsets are not 0..{len(offsets)}")
        values = [value for _, value in records]
        for value, times in collections.Counter(values).items():
            if times > 1:
                wrong.append(f"partition {partition}: {value[:40]} is there {times} times")
        for sender in senders:
            sequence = [int(v.split(b".")[0].split(b":")[2]) for v in values if v.startswith(f"{sender.name}:".encode())]
            if sequence != list(range(sender.next[partition])):
                wrong.append(f"partition {partition}: {sender.name} sent 0..{sender.next[partition]}, there are "
                             f"{len(sequence)}, in order: {sequence == sorted(sequence)}")
    there = {(p, offset): value for p, records in log.items() for offset, value in records}
    lost = [value[:40] for value, place in acknowledged.items() if there.get(place) != value]
    if lost:
        wrong.append(f"{len(lost)} of {len(acknowledged)} acknowledged are not at their offset: {lost[:5]}")
    for member in members:
        strange = [r for r in member.read if there.get(r[:2]) != r[2]]
        strange = [(partition, offset, value[:40]) for partition, offset, value in strange]
        if strange:
            wrong.append(f"{member.name} read {len(strange)} records the log does not hold: {strange[:3]}")
        if member.broken:
            wrong.append(f"{member.name} ended: {member.broken}")
    return wrong, len(acknowledged)


def crash_rounds(node, rounds, chance):
    """Kills and restarts the node; the milliseconds each start took to be ready."""
    starts = []
    for round_ in range(rounds):
        time.sleep(chance.choice([0.05, 0.3, 1.0, 2.5]) * chance.random())
        node.stop(kill=True)
        while chance.random() < 0.3:  # and again while it is still starting: recovering, loading its groups
            node.start()
            time.sleep(chance.random() * 0.15)
            node.stop(kill=True)
        node.log.write_text("")
        began = time.time()
        node.start().wait_ready()
        starts.append((time.time() - began) * 1000)
        print(f"round {round_ + 1}: ready after {starts[-1]:.0f} ms", file=sys.stderr, flush=True)
    return starts


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("rounds", type=int)
    arguments.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    arguments.add_argument("--apache", action="store_true", help="against Apache Kafka, to test the test")
    options = arguments.parse_args()
    kind = nodes.Apache if options.apache else nodes.Ottla
    print(f"seed {options.seed}", file=sys.stderr)
    node = kind(nodes.fresh(nodes.CACHE / "run" / f"{kind.__name__.lower()}-crash")).start().wait_ready()
    try:
        sys.exit(0 if scenario(node, options) else 1)
    finally:
        node.stop(kill=True)


def scenario(node, options):
    admin = AdminClient({"bootstrap.servers": node.bootstrap, "logger": QUIET})
    admin.create_topics([NewTopic(TOPIC, PARTITIONS, 1, config={"segment.bytes": "1048576"})])[TOPIC].result(timeout=30)
    stop_sending, stop_reading = threading.Event(), threading.Event()
    senders = [Sender(node.bootstrap, name, stop_sending) for name in ("anna", "berta")]
    members = [Member(node.bootstrap, name, stop_reading) for name in ("carl", "dora")]
    for thread in senders + members:
        thread.start()
    until = time.time() + 60
    while time.time() < until and not (any(m.commits for m in members) and all(s.acknowledged for s in senders)):
        time.sleep(0.05)
    starts = crash_rounds(node, options.rounds, random.Random(options.seed))
    stop_reading.set()
    for member in members:
        member.join(60)
    stop_sending.set()
    for sender in senders:
        sender.join(150)
    commits = committed(node.bootstrap)
    node.stop(kill=True)
    node.start().wait_ready()
    log, ends = read_log(node.bootstrap)
    wrong, acknowledged = judge(senders, members, log)
    after = committed(node.bootstrap)
    if after != commits:
        wrong.append(f"the group had committed {commits}, after the last crash it is {after}")
    for member in members:
        if any(offset > after[p] for p, offset in member.furthest.items()):
            wrong.append(f"{member.name} was told that it committed {member.furthest}, at the end it is {after}")
    resumed = resume_positions(node.bootstrap, ends, after)
    if any(first != after[p] for p, first in resumed.items()):
        wrong.append(f"the group committed {after} and began again at {resumed}")
    read = sum(len(member.read) for member in members)
    if options.rounds and not (acknowledged and read and any(after.values())):
        wrong.append("nothing was sent, read or committed: this proves nothing")
    print(f"crash: {options.rounds} rounds, {acknowledged} records acknowledged, {sum(ends.values())} there, {read} read by "
          f"the group in {sum(m.commits for m in members)} commits, ready after {sorted(starts)[len(starts) // 2]:.0f} ms "
          f"(median), {max(starts):.0f} ms (longest)")
    for line in wrong:
        print(f"crash: WRONG {line}")
    return not wrong


main()
