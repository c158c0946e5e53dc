"""librdkafka through confluent-kafka: confluent.py BOOTSTRAP"""

import sys
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    OFFSET_BEGINNING,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from facts import Facts, digest

bootstrap = sys.argv[1]
facts = Facts()
admin = AdminClient({"bootstrap.servers": bootstrap})
CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]


def outcome(future):
    """The name of a future's error, or OK."""
    try:
        future.result(timeout=30)
        return "OK"
    except KafkaException as error:
        return error.args[0].name()


def create(name, partitions=3, config=None):
    return outcome(admin.create_topics([NewTopic(name, partitions, 1, config=config or {})])[name])


def wait_for(name, partitions):
    for _ in range(100):
        found = admin.list_topics(timeout=10).topics.get(name)
        if found and len(found.partitions) == partitions and all(p.leader >= 0 for p in found.partitions.values()):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{name} has no {partitions} partitions with leaders")


def read(topic, count, partitions=1, **extra):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"read-{topic}-{time.time_ns()}",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False, **extra})
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in range(partitions)])
    found, until = [], time.time() + 30
    while len(found) < count and time.time() < until:
        found += [m for m in consumer.consume(500, 0.5) if not m.error()]
    consumer.close()
    return found


def topics():
    facts.say("create", create("c-topic"))
    facts.say("create again", create("c-topic"))
    facts.say("create with a bad name", create("bad name!"))
    facts.say("create with a bad config", create("c-bad", config={"retention.ms": "soon"}))
    facts.say("create with an unknown config", create("c-bad", config={"no.such": "1"}))
    facts.say("create with 0 partitions", create("c-none", 0))
    facts.say("create with too many replicas", outcome(admin.create_topics([NewTopic("c-rf", 1, 3)])["c-rf"]))
    wait_for("c-topic", 3)
    facts.say("grow", outcome(admin.create_partitions([NewPartitions("c-topic", 5)])["c-topic"]))
    facts.say("shrink", outcome(admin.create_partitions([NewPartitions("c-topic", 2)])["c-topic"]))
    wait_for("c-topic", 5)
    facts.say("delete", outcome(admin.delete_topics(["c-topic"])["c-topic"]))
    facts.say("delete again", outcome(admin.delete_topics(["c-absent"])["c-absent"]))


def configs():
    create("c-config", 1, {"retention.ms": "12345"})
    wait_for("c-config", 1)
    resource = ConfigResource(ResourceType.TOPIC, "c-config")

    def show(label):
        entries = admin.describe_configs([resource])[resource].result(timeout=30)
        for name in ("retention.ms", "cleanup.policy", "segment.bytes", "min.insync.replicas", "compression.type"):
            entry = entries[name]
            synonyms = [f"{s}@{v.source}" for s, v in sorted((entry.synonyms or {}).items())]
            facts.say(f"{label} {name}", f"{entry.value} source={entry.source} default={entry.is_default} "
                      f"read_only={entry.is_read_only} sensitive={entry.is_sensitive} {synonyms}")
        facts.say(f"{label} names", len(entries))

    show("config")
    changed = ConfigResource(ResourceType.TOPIC, "c-config", incremental_configs=[
        ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE),
        ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.APPEND),
        ConfigEntry("segment.bytes", "2097152", incremental_operation=AlterConfigOpType.SET),
    ])
    facts.say("alter", outcome(admin.incremental_alter_configs([changed])[changed]))
    time.sleep(0.5)
    show("altered")
    bad = ConfigResource(ResourceType.TOPIC, "c-config", incremental_configs=[
        ConfigEntry("segment.bytes", "many", incremental_operation=AlterConfigOpType.SET)])
    facts.say("alter badly", outcome(admin.incremental_alter_configs([bad])[bad]))


def codecs():
    for codec in CODECS:
        topic = f"c-codec-{codec}"
        create(topic, 1)
        wait_for(topic, 1)
        sent, errors = [], []
        producer = Producer({"bootstrap.servers": bootstrap, "compression.type": codec, "linger.ms": 20})
        for i in range(500):
            key = None if i % 7 == 0 else f"key-{i}".encode()
            value = None if i % 11 == 0 else (f"value-{i}-" + "x" * (i % 300)).encode()
            headers = [("a", b"1"), ("a", b"2"), ("empty", b""), ("null", None)] if i % 5 == 0 else []
            sent.append((key, value, headers))
            producer.produce(topic, value, key, headers=headers, on_delivery=lambda e, m: e and errors.append(e.name()))
            producer.poll(0)
        producer.flush(30)
        got = [(m.key(), m.value(), m.headers()) for m in read(topic, 500)]
        facts.say(f"codec {codec}", f"errors={sorted(set(errors))} count={len(got)} same={digest(got) == digest(sent)}")


def sizes():
    create("c-size", 1)
    wait_for("c-size", 1)
    producer = Producer({"bootstrap.servers": bootstrap, "message.max.bytes": 3000000})
    results = []
    for size in (0, 1, 900_000, 2_000_000):
        producer.produce("c-size", b"v" * size, on_delivery=lambda e, m: results.append(e.name() if e else m.offset()))
        producer.flush(30)
    facts.say("sizes", results)
    facts.say("sizes read", [len(m.value()) for m in read("c-size", 3)])


def idempotence():
    create("c-idem", 1)
    wait_for("c-idem", 1)
    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 1})
    offsets = []
    for i in range(5000):
        producer.produce("c-idem", str(i).encode(), on_delivery=lambda e, m: offsets.append(e.name() if e else m.offset()))
        producer.poll(0)
    producer.flush(60)
    facts.say("idempotent offsets in order", offsets == list(range(5000)))
    facts.say("idempotent values in order", [m.value() for m in read("c-idem", 5000)] == [str(i).encode() for i in range(5000)])


def commit_and_resume():
    create("c-commit", 1)
    wait_for("c-commit", 1)
    producer = Producer({"bootstrap.servers": bootstrap})
    for i in range(100):
        producer.produce("c-commit", str(i).encode(), partition=0)
    producer.flush(30)
    conf = {"bootstrap.servers": bootstrap, "group.id": "c-resume", "auto.offset.reset": "earliest", "enable.auto.commit": False}
    first = Consumer(conf)
    first.subscribe(["c-commit"])
    seen, until = [], time.time() + 30
    while len(seen) < 40 and time.time() < until:
        message = first.poll(1)
        if message and not message.error():
            seen.append(int(message.value()))
    first.commit(offsets=[TopicPartition("c-commit", 0, 40)], asynchronous=False)
    facts.say("first read", f"{seen[0]}..{seen[-1]}")
    first.close()
    second = Consumer(conf)
    second.subscribe(["c-commit"])
    rest, until = [], time.time() + 30
    while len(rest) < 60 and time.time() < until:
        message = second.poll(1)
        if message and not message.error():
            rest.append(int(message.value()))
    facts.say("resumed", f"{rest[0]}..{rest[-1]}")
    low, high = second.get_watermark_offsets(TopicPartition("c-commit", 0), timeout=10)
    committed = second.committed([TopicPartition("c-commit", 0)], timeout=10)[0].offset
    facts.say("watermarks and commit", f"{low} {high} {committed} lag={high - committed}")
    second.seek(TopicPartition("c-commit", 0, 95))
    tail, until = [], time.time() + 30
    while len(tail) < 5 and time.time() < until:
        message = second.poll(1)
        if message and not message.error():
            tail.append(int(message.value()))
    facts.say("replayed", tail)
    second.close()
    listed = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions("c-resume")])["c-resume"].result(timeout=30)
    facts.say("offsets by admin", [(t.topic, t.partition, t.offset) for t in listed.topic_partitions])
    described = admin.describe_consumer_groups(["c-resume"])["c-resume"].result(timeout=30)
    facts.say("group when left", f"{described.state.name} members={len(described.members)}")
    facts.say("delete group", outcome(admin.delete_consumer_groups(["c-resume"])["c-resume"]))
    facts.say("delete absent group", outcome(admin.delete_consumer_groups(["c-nobody"])["c-nobody"]))


def share_out(strategy, static):
    """Two consumers in one group: together they own all partitions, each once."""
    topic, group = f"c-reb-{strategy}-{static}", f"c-g-{strategy}-{static}"
    create(topic, 6)
    wait_for(topic, 6)
    consumers = []

    def join(index):
        conf = {"bootstrap.servers": bootstrap, "group.id": group, "auto.offset.reset": "earliest",
                "partition.assignment.strategy": strategy, "session.timeout.ms": 10000, "heartbeat.interval.ms": 300}
        if static:
            conf["group.instance.id"] = f"m{index}"
        consumer = Consumer(conf)
        consumer.subscribe([topic])
        consumers.append(consumer)

    def turn_until(done, seconds=40):
        until = time.time() + seconds
        while time.time() < until and not done():
            for consumer in consumers:
                consumer.poll(0.05)

    def owned():
        return [sorted(p.partition for p in consumer.assignment()) for consumer in consumers]

    join(0)
    turn_until(lambda: owned() == [list(range(6))])
    facts.say(f"alone {strategy} static={static}", [len(o) for o in owned()])
    join(1)
    turn_until(lambda: sorted(sum(owned(), [])) == list(range(6)) and all(len(o) == 3 for o in owned()))
    facts.say(f"shared out {strategy} static={static}", sorted(len(o) for o in owned()))
    description = admin.describe_consumer_groups([group])[group].result(timeout=30)
    facts.say(f"described {strategy} static={static}", f"{description.state.name} {description.partition_assignor} "
              f"members={len(description.members)} instances={sorted(str(m.group_instance_id) for m in description.members)}")
    consumers.pop().close()
    # A static member may come back; its partitions are kept for it.
    turn_until(lambda: owned() == [list(range(6))], 3 if static else 40)
    facts.say(f"left {strategy} static={static}", [len(o) for o in owned()])
    for consumer in consumers:
        consumer.close()


def offsets_by_time():
    create("c-time", 1)
    wait_for("c-time", 1)
    producer = Producer({"bootstrap.servers": bootstrap})
    base = 1_700_000_000_000
    for i in range(10):
        producer.produce("c-time", str(i).encode(), partition=0, timestamp=base + i * 1000)
        producer.flush(10)
    partition = TopicPartition("c-time", 0)
    for label, spec in (("earliest", OffsetSpec.earliest()), ("latest", OffsetSpec.latest()),
                        ("max timestamp", OffsetSpec.max_timestamp()), ("at 4.5 s", OffsetSpec.for_timestamp(base + 4500)),
                        ("beyond", OffsetSpec.for_timestamp(base + 99000))):
        result = admin.list_offsets({partition: spec})[partition].result(timeout=30)
        facts.say(f"offset {label}", f"{result.offset} {result.timestamp}")
    deleted = admin.delete_records([TopicPartition("c-time", 0, 4)])[partition].result(timeout=30)
    facts.say("delete records", deleted.low_watermark)
    facts.say("read after delete", [m.value().decode() for m in read("c-time", 6)])


def transactional(name, **extra):
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": name, **extra})
    producer.init_transactions(30)
    return producer


def committed_values(topic):
    """What a reader of committed records sees up to the end that it is shown."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"read-{topic}", "isolation.level": "read_committed",
                         "enable.partition.eof": True, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    values, until = [], time.time() + 30
    while time.time() < until:
        message = consumer.poll(1)
        if message and message.error():
            break
        if message:
            values.append(f"{message.offset()}={message.value().decode()}")
    consumer.close()
    return values


def transactions():
    create("c-txn", 1)
    wait_for("c-txn", 1)
    producer = transactional("c-txn")
    for value, commits in (("a", True), ("b", False), ("c", True)):
        producer.begin_transaction()
        producer.produce("c-txn", value, partition=0)
        producer.produce("c-txn", value + value, partition=0)
        producer.flush(20)
        producer.commit_transaction(30) if commits else producer.abort_transaction(30)
    producer.begin_transaction()
    producer.produce("c-txn", "open", partition=0)
    producer.flush(20)
    facts.say("committed values", committed_values("c-txn"))
    other = transactional("c-txn")
    try:
        producer.commit_transaction(30)
        facts.say("fenced producer commits", "OK")
    except KafkaException as error:
        facts.say("fenced producer commits", f"{error.args[0].name()} fatal={error.args[0].fatal()}")
    other.begin_transaction()
    other.produce("c-txn", "other", partition=0)
    other.commit_transaction(30)
    facts.say("committed values after fencing", committed_values("c-txn"))
    try:
        transactional("c-txn-long", **{"transaction.timeout.ms": 2_000_000})
        facts.say("long timeout", "OK")
    except KafkaException as error:
        facts.say("long timeout", error.args[0].name())


def exactly_once():
    """Copies a topic with its offsets in transactions, of which every second one is aborted first."""
    for topic in ("c-in", "c-out"):
        create(topic, 1)
        wait_for(topic, 1)
    source = Producer({"bootstrap.servers": bootstrap})
    for i in range(40):
        source.produce("c-in", str(i), partition=0)
    source.flush(20)
    producer = transactional("c-copy")
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "c-copy", "auto.offset.reset": "earliest",
                         "enable.auto.commit": False, "isolation.level": "read_committed"})
    consumer.subscribe(["c-in"])
    copied, turn, until = 0, 0, time.time() + 60
    while copied < 40 and time.time() < until:
        messages = [m for m in consumer.consume(10, 2) if not m.error()]
        if not messages:
            continue
        producer.begin_transaction()
        for message in messages:
            producer.produce("c-out", message.value(), partition=0)
        producer.send_offsets_to_transaction(consumer.position(consumer.assignment()), consumer.consumer_group_metadata(), 30)
        turn += 1
        if turn % 2:
            producer.abort_transaction(30)
            consumer.seek(TopicPartition("c-in", 0, messages[0].offset()))
        else:
            producer.commit_transaction(30)
            copied += len(messages)
    facts.say("copied", [value.split("=")[1] for value in committed_values("c-out")] == [str(i) for i in range(40)])
    facts.say("copied to", consumer.committed([TopicPartition("c-in", 0)], 20)[0].offset)
    consumer.close()


def errors():
    producer = Producer({"bootstrap.servers": bootstrap, "message.timeout.ms": 8000})
    results = []
    producer.produce("c-time", b"x", partition=0, timestamp=int(time.time() * 1000) + 7_200_000,
                     on_delivery=lambda e, m: results.append(e.name() if e else "OK"))
    producer.flush(20)
    facts.say("timestamp in the far future", results)
    created = []
    producer.produce("c-auto", b"x", on_delivery=lambda e, m: created.append(e.name() if e else "OK"))
    producer.flush(20)
    facts.say("auto created", created)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "c-range", "auto.offset.reset": "error"})
    consumer.assign([TopicPartition("c-time", 0, 1000)])
    message = consumer.poll(20)
    facts.say("out of range", message.error().name() if message and message.error() else str(message))
    consumer.close()


facts.step("topics", topics)
facts.step("configs", configs)
facts.step("codecs", codecs)
facts.step("sizes", sizes)
facts.step("idempotence", idempotence)
facts.step("commit and resume", commit_and_resume)
for name in ("range", "roundrobin", "cooperative-sticky"):
    facts.step(f"share out {name}", lambda: share_out(name, False))
facts.step("share out static", lambda: share_out("range", True))
facts.step("offsets by time", offsets_by_time)
facts.step("transactions", transactions)
facts.step("exactly once", exactly_once)
facts.step("errors", errors)
facts.end()
