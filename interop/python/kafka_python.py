"""kafka-python: kafka_python.py BOOTSTRAP"""

import sys
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewPartitions, NewTopic
from kafka.errors import KafkaError

from facts import Facts, digest

bootstrap = sys.argv[1]
facts = Facts()
admin = KafkaAdminClient(bootstrap_servers=bootstrap)


def outcome(run):
    try:
        run()
        return "OK"
    except KafkaError as error:
        return type(error).__name__


def topics():
    facts.say("create", outcome(lambda: admin.create_topics([NewTopic("p-topic", 3, 1)])))
    facts.say("create again", outcome(lambda: admin.create_topics([NewTopic("p-topic", 3, 1)])))
    facts.say("grow", outcome(lambda: admin.create_partitions({"p-topic": NewPartitions(4)})))
    time.sleep(0.5)
    facts.say("listed", sorted(t for t in admin.list_topics() if t.startswith("p-")))
    facts.say("partitions", len(admin.describe_topics(["p-topic"])[0]["partitions"]))
    facts.say("delete", outcome(lambda: admin.delete_topics(["p-topic"])))


def codecs():
    for codec in (None, "gzip", "snappy", "lz4", "zstd"):
        topic = f"p-codec-{codec}"
        admin.create_topics([NewTopic(topic, 1, 1)])
        producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, linger_ms=20, acks="all")
        sent = []
        for i in range(300):
            key = None if i % 7 == 0 else f"key-{i}".encode()
            value = None if i % 11 == 0 and key else (f"value-{i}-" + "y" * (i % 200)).encode()
            headers = [("h", b"1"), ("h", b"2"), ("e", b"")] if i % 5 == 0 else []
            sent.append((key, value, headers))
            producer.send(topic, value, key, headers=headers)
        producer.flush(30)
        producer.close()
        consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=10000)
        consumer.assign([TopicPartition(topic, 0)])
        got = []
        for message in consumer:
            got.append((message.key, message.value, list(message.headers)))
            if len(got) == 300:
                break
        consumer.close()
        facts.say(f"codec {codec}", f"count={len(got)} same={digest(got) == digest(sent)}")


def groups():
    topic = "p-group"
    admin.create_topics([NewTopic(topic, 2, 1)])
    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for i in range(60):
        producer.send(topic, str(i).encode(), partition=i % 2)
    producer.flush(30)
    first = KafkaConsumer(topic, bootstrap_servers=bootstrap, group_id="p-g", auto_offset_reset="earliest",
                          enable_auto_commit=False, max_poll_records=10)
    seen = 0
    until = time.time() + 30
    while seen < 60 and time.time() < until:
        seen += sum(len(batch) for batch in first.poll(1000).values())
    first.commit()
    facts.say("read", seen)
    partition = TopicPartition(topic, 0)
    facts.say("committed", sorted((first.committed(TopicPartition(topic, p))) for p in (0, 1)))
    facts.say("ends", sorted(first.end_offsets([partition, TopicPartition(topic, 1)]).values()))
    first.seek(partition, 25)
    replayed = []
    until = time.time() + 30
    while len(replayed) < 5 and time.time() < until:
        replayed += [m.value.decode() for m in first.poll(1000).get(partition, [])]
    facts.say("replayed", replayed)
    first.close()
    facts.say("offsets by time", {p.partition: (o.offset if o else None) for p, o in KafkaConsumer(
        bootstrap_servers=bootstrap).offsets_for_times({partition: 0}).items()})
    offsets = admin.list_group_offsets("p-g") if hasattr(admin, "list_group_offsets") else admin.list_consumer_group_offsets("p-g")
    facts.say("offsets by admin", len(str(offsets)) > 0)


facts.step("topics", topics)
facts.step("codecs", codecs)
facts.step("groups", groups)
facts.end()
