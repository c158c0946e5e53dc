import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.*;

/** Apache Kafka's own Java clients: Scenario BOOTSTRAP. */
public class Scenario {
    interface Step { void run() throws Exception; }

    static String bootstrap;
    static boolean failed;

    static void say(String name, Object value) { System.out.println(name + ": " + value); }

    static void step(String name, Step step) {
        System.err.println("[" + name + "]");
        try { step.run(); } catch (Throwable t) { failed = true; t.printStackTrace(); say(name, "FAILED " + t); }
    }

    static String outcome(KafkaFuture<?> future) throws InterruptedException {
        try { future.get(); return "OK"; } catch (ExecutionException e) {
            return e.getCause().getClass().getSimpleName() + " " + e.getCause().getMessage();
        }
    }

    static Map<String, Object> config(Object... pairs) {
        Map<String, Object> map = new HashMap<>();
        map.put("bootstrap.servers", bootstrap);
        for (int i = 0; i < pairs.length; i += 2) map.put((String) pairs[i], pairs[i + 1]);
        return map;
    }

    static KafkaProducer<byte[], byte[]> producer(Object... pairs) {
        return new KafkaProducer<>(config(pairs), new ByteArraySerializer(), new ByteArraySerializer());
    }

    static KafkaConsumer<byte[], byte[]> consumer(Object... pairs) {
        return new KafkaConsumer<>(config(pairs), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static void create(Admin admin, String name, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
    }

    static void topics(Admin admin) throws Exception {
        say("create", outcome(admin.createTopics(List.of(new NewTopic("j-topic", 3, (short) 1))).all()));
        say("create again", outcome(admin.createTopics(List.of(new NewTopic("j-topic", 3, (short) 1))).all()));
        say("create bad name", outcome(admin.createTopics(List.of(new NewTopic("bad name", 3, (short) 1))).all()));
        say("create colliding", outcome(admin.createTopics(List.of(new NewTopic("j.a", 1, (short) 1))).all())
            + " " + outcome(admin.createTopics(List.of(new NewTopic("j_a", 1, (short) 1))).all()));
        say("create no partitions", outcome(admin.createTopics(List.of(new NewTopic("j-x", 0, (short) 1))).all()));
        say("create many replicas", outcome(admin.createTopics(List.of(new NewTopic("j-x", 1, (short) 9))).all()));
        say("create unknown replica", outcome(admin.createTopics(List.of(new NewTopic("j-x", Map.of(0, List.of(77))))).all()));
        say("create bad config", outcome(admin.createTopics(List.of(new NewTopic("j-x", 1, (short) 1)
            .configs(Map.of("segment.bytes", "abc")))).all()));
        say("create unknown config", outcome(admin.createTopics(List.of(new NewTopic("j-x", 1, (short) 1)
            .configs(Map.of("no.such.thing", "abc")))).all()));
        say("validate only", outcome(admin.createTopics(List.of(new NewTopic("j-y", 1, (short) 1)),
            new CreateTopicsOptions().validateOnly(true)).all()));
        TopicDescription d = admin.describeTopics(List.of("j-topic")).allTopicNames().get().get("j-topic");
        say("described", d.partitions().size() + " internal=" + d.isInternal() + " leaders="
            + d.partitions().stream().map(p -> p.leader().id() + "/" + p.replicas().size() + "/" + p.isr().size()
                + "/" + p.elr() + "/" + p.lastKnownElr()).toList() + " ops=" + d.authorizedOperations());
        say("describe absent", outcome(admin.describeTopics(List.of("j-absent")).allTopicNames()));
        say("grow", outcome(admin.createPartitions(Map.of("j-topic", NewPartitions.increaseTo(5))).all()));
        say("shrink", outcome(admin.createPartitions(Map.of("j-topic", NewPartitions.increaseTo(2))).all()));
        say("grow absent", outcome(admin.createPartitions(Map.of("j-absent", NewPartitions.increaseTo(2))).all()));
        say("delete", outcome(admin.deleteTopics(List.of("j-topic")).all()));
        say("delete absent", outcome(admin.deleteTopics(List.of("j-absent")).all()));
        say("elect preferred", outcome(admin.electLeaders(org.apache.kafka.common.ElectionType.PREFERRED,
            Set.of(new TopicPartition("j.a", 0))).all()));
        say("elect unclean", outcome(admin.electLeaders(org.apache.kafka.common.ElectionType.UNCLEAN,
            Set.of(new TopicPartition("j.a", 0))).all()));
        say("elect absent", outcome(admin.electLeaders(org.apache.kafka.common.ElectionType.PREFERRED,
            Set.of(new TopicPartition("j-absent", 0))).all()));
        say("reassign to nobody", outcome(admin.alterPartitionReassignments(Map.of(new TopicPartition("j.a", 0),
            Optional.of(new NewPartitionReassignment(List.of(5))))).all()));
        say("cancel nothing", outcome(admin.alterPartitionReassignments(Map.of(new TopicPartition("j.a", 0),
            Optional.empty())).all()));
        say("reassignments", admin.listPartitionReassignments().reassignments().get());
    }

    static void configs(Admin admin) throws Exception {
        create(admin, "j-config", 1);
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "j-config");
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        ConfigResource all = new ConfigResource(ConfigResource.Type.BROKER, "");
        ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, "j-some-group");
        ConfigResource metrics = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, "j-metrics");
        for (String[] change : new String[][] {
            {"retention.ms", "1000", "SET"}, {"cleanup.policy", "compact", "APPEND"}, {"cleanup.policy", "delete", "SUBTRACT"},
            {"retention.ms", "", "DELETE"}, {"retention.ms", "x", "SET"}, {"no.such", "x", "SET"}, {"retention.ms", "1", "APPEND"},
            {"min.insync.replicas", "0", "SET"}, {"max.message.bytes", "2000000", "SET"}}) {
            AlterConfigOp op = new AlterConfigOp(new ConfigEntry(change[0], change[1]), AlterConfigOp.OpType.valueOf(change[2]));
            say("topic " + String.join(" ", change), outcome(admin.incrementalAlterConfigs(Map.of(topic, List.of(op))).all()));
        }
        say("absent topic", outcome(admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, "j-none"),
            List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "5"), AlterConfigOp.OpType.SET)))).all()));
        for (Object[] change : new Object[][] {
            {broker, "log.cleaner.threads", "2"}, {all, "log.retention.ms", "86400000"}, {broker, "node.id", "4"},
            {all, "log.segment.bytes", "-1"}, {group, "consumer.session.timeout.ms", "50000"}, {group, "consumer.session.timeout.ms", "1"},
            {metrics, "interval.ms", "1000"}, {metrics, "interval.ms", "1"}, {metrics, "nope", "1"}}) {
            AlterConfigOp op = new AlterConfigOp(new ConfigEntry((String) change[1], (String) change[2]), AlterConfigOp.OpType.SET);
            say(((ConfigResource) change[0]).type() + " " + change[1] + "=" + change[2],
                outcome(admin.incrementalAlterConfigs(Map.of((ConfigResource) change[0], List.of(op))).all()));
        }
        Thread.sleep(500);
        for (ConfigResource resource : List.of(topic, broker, all, group, metrics)) {
            Config config = admin.describeConfigs(List.of(resource), new DescribeConfigsOptions().includeSynonyms(true))
                .all().get().get(resource);
            List<String> lines = config.entries().stream()
                .filter(e -> !e.name().matches(".*(listeners|log.dir.*|voters|node.id|broker.id|metadata.log.dir)$"))
                .map(e -> e.name() + "=" + e.value() + " " + e.source() + " ro=" + e.isReadOnly() + " s=" + e.isSensitive()
                    + " " + e.type() + " " + e.synonyms().stream().filter(s -> !s.name().matches(".*log.dirs?$"))
                    .map(s -> s.name() + ":" + s.value() + ":" + s.source()).toList()).sorted().toList();
            lines.forEach(line -> say("config " + resource.type(), line));
        }
        say("config resources", admin.listConfigResources().all().get().stream().filter(r -> r.name().startsWith("j"))
            .map(r -> r.type() + " " + r.name()).sorted().toList());
    }

    static void produceAndConsume(Admin admin) throws Exception {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            String topic = "j-codec-" + codec;
            create(admin, topic, 1);
            int sum = 0;
            try (KafkaProducer<byte[], byte[]> producer = producer("compression.type", codec, "linger.ms", 20)) {
                for (int i = 0; i < 1000; i++) {
                    byte[] key = i % 7 == 0 ? null : ("k" + i).getBytes();
                    byte[] value = i % 11 == 0 ? null : ("v" + i).repeat(i % 50 + 1).getBytes();
                    ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic, 0, 1_700_000_000_000L + i, key, value);
                    if (i % 5 == 0) record.headers().add("h", new byte[] {1}).add("h", null).add("", new byte[0]);
                    sum = sum * 31 + Arrays.hashCode(key) * 7 + Arrays.hashCode(value) + record.headers().hashCode() % 1;
                    producer.send(record);
                }
            }
            try (KafkaConsumer<byte[], byte[]> consumer = consumer("auto.offset.reset", "earliest")) {
                consumer.assign(List.of(new TopicPartition(topic, 0)));
                int got = 0, count = 0, headers = 0;
                long end = System.currentTimeMillis() + 30_000;
                while (count < 1000 && System.currentTimeMillis() < end) {
                    for (ConsumerRecord<byte[], byte[]> r : consumer.poll(Duration.ofMillis(500))) {
                        got = got * 31 + Arrays.hashCode(r.key()) * 7 + Arrays.hashCode(r.value());
                        headers += r.headers().toArray().length;
                        count++;
                    }
                }
                say("codec " + codec, "count=" + count + " headers=" + headers + " same=" + (got == sum));
            }
        }
    }

    static void failures(Admin admin) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = producer("max.request.size", 3_000_000, "delivery.timeout.ms", 8000,
                "request.timeout.ms", 4000, "linger.ms", 0, "max.block.ms", 5000)) {
            for (Object[] c : new Object[][] {
                {"too large", new ProducerRecord<>("j-config", 0, null, new byte[1], new byte[2_500_000])},
                {"null key, compacted", new ProducerRecord<>("j-compact", 0, null, (byte[]) null, new byte[2])},
                {"future timestamp", new ProducerRecord<>("j-config", 0, System.currentTimeMillis() + 8_000_000L, new byte[1], new byte[1])},
                {"internal topic", new ProducerRecord<>("__consumer_offsets", 0, null, new byte[1], new byte[1])},
                {"bad topic", new ProducerRecord<>("bad topic", (Integer) null, null, new byte[1], new byte[1])}}) {
                if (c[0].toString().startsWith("null")) admin.createTopics(List.of(new NewTopic("j-compact", 1, (short) 1)
                    .configs(Map.of("cleanup.policy", "compact")))).all().get();
                @SuppressWarnings("unchecked") ProducerRecord<byte[], byte[]> record = (ProducerRecord<byte[], byte[]>) c[1];
                try { say("produce " + c[0], "offset " + producer.send(record).get().offset()); }
                catch (ExecutionException e) { say("produce " + c[0], e.getCause().getClass().getSimpleName()); }
                catch (KafkaException e) { say("produce " + c[0], e.getClass().getSimpleName()); }
            }
        }
    }

    static void groups(Admin admin, String assignor) throws Exception {
        String name = assignor.substring(assignor.lastIndexOf('.') + 1), topic = "j-" + name, group = "j-g-" + name;
        create(admin, topic, 4);
        try (KafkaProducer<byte[], byte[]> producer = producer()) {
            for (int i = 0; i < 400; i++) producer.send(new ProducerRecord<>(topic, i % 4, null, null, ("" + i).getBytes()));
        }
        Object[] conf = {"group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", false,
            "partition.assignment.strategy", assignor, "heartbeat.interval.ms", 200, "session.timeout.ms", 10000};
        KafkaConsumer<byte[], byte[]> one = consumer(conf), two = consumer(conf);
        one.subscribe(List.of(topic));
        two.subscribe(List.of(topic));
        Set<String> seen = new TreeSet<>();
        long end = System.currentTimeMillis() + 40_000;
        while (System.currentTimeMillis() < end && !(seen.size() == 400 && one.assignment().size() == 2 && two.assignment().size() == 2)) {
            for (KafkaConsumer<byte[], byte[]> c : List.of(one, two))
                for (ConsumerRecord<byte[], byte[]> r : c.poll(Duration.ofMillis(100))) seen.add(new String(r.value()));
        }
        say(name + " shared", seen.size() + " " + one.assignment().size() + " " + two.assignment().size());
        Map<TopicPartition, OffsetAndMetadata> all = new HashMap<>();
        for (int i = 0; i < 4; i++) all.put(new TopicPartition(topic, i), new OffsetAndMetadata(100, "m" + i));
        one.commitSync(all);
        ConsumerGroupDescription d = admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
        say(name + " described", d.groupState() + " " + d.partitionAssignor() + " " + d.type() + " members=" + d.members().size()
            + " coordinator=" + d.coordinator().id() + " ids=" + d.members().stream().allMatch(m -> m.consumerId().startsWith("consumer-" + group)));
        say(name + " offsets", new TreeMap<>(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().entrySet()
            .stream().collect(Collectors.toMap(e -> e.getKey().partition(), e -> e.getValue().offset()))));
        say(name + " delete while used", outcome(admin.deleteConsumerGroups(List.of(group)).all()));
        say(name + " delete offsets while used", outcome(admin.deleteConsumerGroupOffsets(group, Set.of(new TopicPartition(topic, 0))).all()));
        one.close();
        two.close();
        say(name + " empty", admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get().groupState());
        say(name + " alter offsets", outcome(admin.alterConsumerGroupOffsets(group, Map.of(new TopicPartition(topic, 0),
            new OffsetAndMetadata(7))).all()));
        say(name + " delete offsets", outcome(admin.deleteConsumerGroupOffsets(group, Set.of(new TopicPartition(topic, 1))).all()));
        say(name + " offsets then", new TreeMap<>(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().entrySet()
            .stream().collect(Collectors.toMap(e -> e.getKey().partition(), e -> e.getValue().offset()))));
        say(name + " listed", admin.listGroups().all().get().stream().filter(g -> g.groupId().equals(group))
            .map(g -> g.type() + " " + g.protocol() + " " + g.groupState()).toList());
        say(name + " delete", outcome(admin.deleteConsumerGroups(List.of(group)).all()));
        say(name + " delete again", outcome(admin.deleteConsumerGroups(List.of(group)).all()));
    }

    static void cluster(Admin admin) throws Exception {
        DescribeClusterResult cluster = admin.describeCluster(new DescribeClusterOptions().includeAuthorizedOperations(true));
        say("cluster", cluster.nodes().get().size() + " controller=" + cluster.controller().get().id() + " "
            + new TreeSet<>(cluster.authorizedOperations().get()));
        FeatureMetadata features = admin.describeFeatures().featureMetadata().get();
        say("finalized", new TreeMap<>(features.finalizedFeatures()));
        say("supported", new TreeMap<>(features.supportedFeatures()));
        QuorumInfo quorum = admin.describeMetadataQuorum().quorumInfo().get();
        say("quorum", quorum.leaderId() + " voters=" + quorum.voters().stream().map(QuorumInfo.ReplicaState::replicaId).toList()
            + " observers=" + quorum.observers().size());
        say("log dirs", admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values().stream()
            .map(dir -> dir.error() + " " + dir.replicaInfos().keySet().stream().map(TopicPartition::topic)
                .filter(t -> t.equals("j-config")).count() + " " + dir.totalBytes().isPresent()).toList());
        TopicPartition partition = new TopicPartition("j-codec-none", 0);
        say("producers", admin.describeProducers(List.of(partition)).all().get().get(partition).activeProducers().stream()
            .map(p -> p.producerEpoch() + " " + p.lastSequence() + " " + p.currentTransactionStartOffset()).toList());
        for (Object[] spec : new Object[][] {{"earliest", OffsetSpec.earliest()}, {"latest", OffsetSpec.latest()},
            {"max", OffsetSpec.maxTimestamp()}, {"time", OffsetSpec.forTimestamp(1_700_000_000_500L)},
            {"local", OffsetSpec.earliestLocal()}, {"tiered", OffsetSpec.latestTiered()}}) {
            try {
                ListOffsetsResult.ListOffsetsResultInfo info = admin.listOffsets(Map.of(partition, (OffsetSpec) spec[1]))
                    .partitionResult(partition).get();
                say("offset " + spec[0], info.offset() + " " + info.timestamp() + " " + info.leaderEpoch());
            } catch (ExecutionException e) { say("offset " + spec[0], e.getCause().getClass().getSimpleName()); }
        }
        say("delete records", admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(10))).lowWatermarks().get(partition).get().lowWatermark());
        say("delete records beyond", outcome(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(5000))).all()));
        say("delete records compacted", outcome(admin.deleteRecords(Map.of(new TopicPartition("j-compact", 0), RecordsToDelete.beforeOffset(0))).all()));
        say("update feature", outcome(admin.updateFeatures(Map.of("no.such", new FeatureUpdate((short) 1, FeatureUpdate.UpgradeType.UPGRADE)),
            new UpdateFeaturesOptions()).all()));
        say("unregister absent", outcome(admin.unregisterBroker(99).all()));
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        try (Admin admin = Admin.create(config())) {
            step("topics", () -> topics(admin));
            step("configs", () -> configs(admin));
            step("produce and consume", () -> produceAndConsume(admin));
            step("failures", () -> failures(admin));
            for (String a : List.of("RangeAssignor", "StickyAssignor", "CooperativeStickyAssignor"))
                step(a, () -> groups(admin, "org.apache.kafka.clients.consumer." + a));
            step("cluster", () -> cluster(admin));
        }
        System.exit(failed ? 1 : 0);
    }
}
