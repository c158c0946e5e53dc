import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Fills compacted topics, lets them be compacted, and shows what is in them.
 *
 * seed BOOTSTRAP    makes the topics, which are not compacted yet, and fills them
 * force BOOTSTRAP   lets the broker compact whatever it may
 * read BOOTSTRAP    prints every record and the committed offsets
 */
public class Compaction {
    static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    static final String TRANSACTIONS = "c-transactions", APPEND_TIME = "c-append-time", LARGE = "c-large",
        BOTH = "c-compact-delete", GROUP = "compacted-group";
    /** A time of day in the past, so that the same records have the same times whenever this runs. */
    static final long BEGIN = 1_790_000_000_000L;

    public static void main(String[] arguments) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", arguments[1]))) {
            switch (arguments[0]) {
                case "seed" -> seed(admin, arguments[1]);
                case "force" -> force(admin);
                default -> read(admin, arguments[1]);
            }
        }
    }

    static List<String> topics() {
        List<String> topics = new ArrayList<>(List.of(TRANSACTIONS, APPEND_TIME, LARGE, BOTH));
        CODECS.forEach(codec -> topics.add("c-" + codec));
        return topics;
    }

    static void seed(Admin admin, String bootstrap) throws Exception {
        List<NewTopic> topics = new ArrayList<>();
        for (String topic : topics()) {
            Map<String, String> configs = new java.util.HashMap<>(Map.of("cleanup.policy", "compact", "segment.ms", "60000",
                "segment.bytes", "1048576", "min.cleanable.dirty.ratio", "1.0", "delete.retention.ms", "1",
                "max.message.bytes", "4000000"));
            if (topic.equals(APPEND_TIME)) configs.putAll(Map.of("message.timestamp.type", "LogAppendTime", "segment.ms", "300"));
            if (topic.equals(BOTH)) configs.putAll(Map.of("cleanup.policy", "compact,delete", "retention.ms", "-1"));
            topics.add(new NewTopic(topic, 1, (short) 1).configs(configs));
        }
        admin.createTopics(topics).all().get();
        for (String codec : CODECS) fill(bootstrap, "c-" + codec, codec, 11);
        fill(bootstrap, BOTH, "none", 12);
        fill(bootstrap, APPEND_TIME, "lz4", 13);
        large(bootstrap);
        transactions(bootstrap);
        commits(admin, bootstrap);
    }

    static KafkaProducer<byte[], byte[]> producer(String bootstrap, String codec, Map<String, ?> more) {
        Properties properties = new Properties();
        properties.putAll(Map.of("bootstrap.servers", bootstrap, "compression.type", codec, "linger.ms", "60000",
            "batch.size", "1000000", "max.request.size", "4000000", "buffer.memory", "33554432", "delivery.timeout.ms", "120000"));
        properties.putAll(more);
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Batches of several producers, idempotent and not, over several segments. */
    static void fill(String bootstrap, String topic, String codec, int seed) throws Exception {
        Random random = new Random(seed);
        List<KafkaProducer<byte[], byte[]>> producers = List.of(
            producer(bootstrap, codec, Map.of()), producer(bootstrap, codec, Map.of()),
            producer(bootstrap, codec, Map.of("enable.idempotence", "false")),
            producer(bootstrap, "none", Map.of("enable.idempotence", "false")));
        long time = BEGIN;
        for (int batch = 0; batch < 60; batch++) {
            // The third producer is silent towards the end, so that its last batch gets old.
            KafkaProducer<byte[], byte[]> producer = producers.get(batch < 30 ? random.nextInt(4) : random.nextInt(2) * 2);
            int count = 1 + random.nextInt(12);
            for (int i = 0; i < count; i++) {
                byte[] key = ("key " + random.nextInt(40)).getBytes();
                byte[] value = switch (random.nextInt(8)) {
                    case 0 -> null;
                    case 1 -> new byte[0];
                    default -> ("value " + random.nextInt(1000) + " ".repeat(random.nextInt(200))).getBytes();
                };
                ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, 0, time + random.nextInt(1000), key, value);
                if (random.nextInt(3) == 0) {
                    record.headers().add("a", "1".getBytes()).add("a", null).add("", new byte[0]);
                }
                producer.send(record);
            }
            producer.flush();
            time += random.nextInt(30_000);
            if (topic.equals(APPEND_TIME)) Thread.sleep(20);
        }
        producers.forEach(KafkaProducer::close);
    }

    /** Records larger than the cleaner's buffers, which segments roll over by size. */
    static void large(String bootstrap) throws Exception {
        Random random = new Random(14);
        for (String codec : List.of("none", "zstd")) {
            try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, codec, Map.of("batch.size", "10", "linger.ms", "0"))) {
                for (int i = 0; i < 14; i++) {
                    byte[] value = new byte[100_000 + random.nextInt(800_000)];
                    if (codec.equals("none")) random.nextBytes(value);
                    producer.send(new ProducerRecord<>(LARGE, 0, BEGIN + i, ("k" + i % 5).getBytes(), value)).get();
                }
            }
        }
    }

    static void transactions(String bootstrap) throws Exception {
        Random random = new Random(15);
        List<KafkaProducer<byte[], byte[]>> producers = new ArrayList<>();
        for (int id = 0; id < 3; id++) {
            producers.add(producer(bootstrap, "none", Map.of("transactional.id", "t" + id)));
            producers.get(id).initTransactions();
        }
        long now = System.currentTimeMillis();
        for (int round = 0; round < 30; round++) {
            // Markers have the broker's time, so only records ahead of it fill a segment every other round. Two producers at a time, so that transactions overlap.
            List<KafkaProducer<byte[], byte[]>> pair = List.of(producers.get(round % 3), producers.get((round + 1) % 3));
            pair.forEach(KafkaProducer::beginTransaction);
            for (int batch = 0; batch < 3; batch++) {
                KafkaProducer<byte[], byte[]> producer = pair.get(batch % 2);
                for (int i = 0; i < 1 + random.nextInt(4); i++) {
                    byte[] value = random.nextInt(6) == 0 ? null : ("value " + round).getBytes();
                    producer.send(new ProducerRecord<>(TRANSACTIONS, 0, now + round * 35_000L,
                        ("key " + random.nextInt(12)).getBytes(), value));
                }
                producer.flush();
            }
            for (KafkaProducer<byte[], byte[]> producer : pair) {
                if (random.nextInt(3) == 0) producer.abortTransaction(); else producer.commitTransaction();
            }
        }
        producers.forEach(KafkaProducer::close);
    }

    static void commits(Admin admin, String bootstrap) throws Exception {
        Properties properties = new Properties();
        properties.putAll(Map.of("bootstrap.servers", bootstrap, "group.id", GROUP, "enable.auto.commit", "false"));
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(new TopicPartition("c-none", 0)));
            for (int round = 0; round < 12; round++) {
                for (String topic : topics()) {
                    consumer.commitSync(Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(round * 3L, "round " + round)));
                }
                if (round == 0) {
                    alter(admin, "__consumer_offsets", Map.of("segment.ms", "300", "min.cleanable.dirty.ratio", "1.0"));
                }
                Thread.sleep(150);
            }
        }
    }

    static void alter(Admin admin, String topic, Map<String, String> configs) throws Exception {
        Collection<AlterConfigOp> operations = configs.entrySet().stream()
            .map(entry -> new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET)).toList();
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), operations)).all().get();
    }

    static void force(Admin admin) throws Exception {
        for (String topic : topics()) alter(admin, topic, Map.of("min.cleanable.dirty.ratio", "0.0"));
        alter(admin, "__consumer_offsets", Map.of("min.cleanable.dirty.ratio", "0.0"));
    }

    static void read(Admin admin, String bootstrap) throws Exception {
        Properties properties = new Properties();
        properties.putAll(Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", "false", "max.poll.records", "10000"));
        for (String isolation : List.of("read_uncommitted", "read_committed")) {
            properties.put("isolation.level", isolation);
            try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
                for (String topic : topics()) {
                    TopicPartition partition = new TopicPartition(topic, 0);
                    consumer.assign(List.of(partition));
                    consumer.seekToBeginning(List.of(partition));
                    long end = consumer.endOffsets(List.of(partition)).get(partition);
                    while (consumer.position(partition) < end) {
                        consumer.poll(Duration.ofMillis(500)).forEach(record -> {
                            StringBuilder headers = new StringBuilder();
                            for (Header header : record.headers()) {
                                headers.append(' ').append(header.key()).append('=').append(Arrays.toString(header.value()));
                            }
                            System.out.println(isolation + " " + topic + ": " + record.offset() + " " + record.timestampType() + " "
                                + record.timestamp() + " " + new String(record.key()) + " " + Arrays.hashCode(record.value())
                                + headers);
                        });
                    }
                    System.out.println(isolation + " " + topic + ": ends at " + end);
                }
            }
        }
        admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata().get().entrySet().stream()
            .map(entry -> "committed " + entry.getKey() + ": " + entry.getValue().offset() + " " + entry.getValue().metadata())
            .sorted().forEach(System.out::println);
    }
}
