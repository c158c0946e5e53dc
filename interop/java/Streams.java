import java.io.*;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.streams.*;
import org.apache.kafka.streams.kstream.*;
import org.apache.kafka.streams.state.*;

/** Kafka Streams: word counts with a store and a repartition topic, in both group protocols. Streams BOOTSTRAP. */
public class Streams {
    interface Step { void run() throws Exception; }

    static String bootstrap;
    static boolean failed;
    static Admin admin;

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

    /** Waits until something holds, then gives it. */
    static <T> T until(String what, int seconds, Supplier<T> found) throws Exception {
        long end = System.currentTimeMillis() + seconds * 1000L;
        T last = null;
        while (System.currentTimeMillis() < end) {
            try { last = found.get(); } catch (RuntimeException e) { System.err.println(what + ": " + e); }
            if (last != null) return last;
            Thread.sleep(50);
        }
        throw new IllegalStateException(what + " did not happen in " + seconds + " s");
    }

    static <T> T get(KafkaFuture<T> future) {
        try { return future.get(); } catch (InterruptedException | ExecutionException e) { throw new RuntimeException(e); }
    }

    // ---------------------------------------------------------------- applications

    static Topology wordCount(String in, String out) {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(in, Consumed.with(Serdes.String(), Serdes.String()))
            .flatMapValues(line -> Arrays.asList(line.split(" ")))
            .groupBy((key, word) -> word, Grouped.with("by-word", Serdes.String(), Serdes.String()))
            .count(Materialized.<String, Long, KeyValueStore<org.apache.kafka.common.utils.Bytes, byte[]>>as("counts"))
            .toStream().to(out, Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    /** Two topics of the user that are joined, which need the same number of partitions. */
    static Topology join(String left, String right, String out) {
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, String> stream = builder.stream(left, Consumed.with(Serdes.String(), Serdes.String()));
        KTable<String, String> table = builder.table(right, Consumed.with(Serdes.String(), Serdes.String()));
        stream.join(table, (a, b) -> a + b).to(out, Produced.with(Serdes.String(), Serdes.String()));
        return builder.build();
    }

    static KafkaStreams start(Topology topology, String id, String instance, Object... pairs) throws Exception {
        Properties config = new Properties();
        config.put("bootstrap.servers", bootstrap);
        config.put("application.id", id);
        config.put("client.id", id + "-" + instance);
        config.put("state.dir", Files.createTempDirectory("streams-" + id + instance).toString());
        config.put("commit.interval.ms", 100);
        config.put("num.stream.threads", 1);
        config.put("consumer.auto.offset.reset", "earliest");
        for (int i = 0; i < pairs.length; i += 2) config.put(pairs[i], pairs[i + 1]);
        KafkaStreams streams = new KafkaStreams(topology, config);
        streams.setUncaughtExceptionHandler(error -> {
            System.err.println("uncaught: " + error);
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        return streams;
    }

    static void produce(String topic, int times, String... lines) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            int at = 0;
            for (int i = 0; i < times; i++) for (String line : lines) producer.send(new ProducerRecord<>(topic, at++ % 2, null, line));
            producer.flush();
        }
    }

    /** The last count of every word once they are what they should be; all records if each must be there once. */
    static String counts(String topic, Map<String, Long> wanted) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "isolation.level", "read_committed",
            "auto.offset.reset", "earliest");
        try (KafkaConsumer<String, Long> consumer = new KafkaConsumer<>(config, new StringDeserializer(), new LongDeserializer())) {
            consumer.assign(consumer.partitionsFor(topic).stream().map(p -> new TopicPartition(topic, p.partition())).toList());
            Map<String, Long> last = new TreeMap<>();
            boolean[] ordered = {true};
            return until("counts " + wanted, 90, () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(r -> {
                    Long before = last.put(r.key(), r.value());
                    ordered[0] &= before == null || before < r.value();
                });
                return last.equals(wanted) ? last + (ordered[0] ? " growing" : " NOT growing") : null;
            });
        }
    }

    static String topicsOf(String id) throws Exception {
        Set<String> names = admin.listTopics().names().get().stream().filter(n -> n.startsWith(id + "-")).collect(Collectors.toSet());
        Map<String, TopicDescription> described = admin.describeTopics(names).allTopicNames().get();
        List<String> shown = new ArrayList<>();
        for (String name : new TreeSet<>(names)) {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
            String configs = admin.describeConfigs(List.of(resource)).all().get().get(resource).entries().stream()
                .filter(e -> e.source() == ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG).map(e -> e.name() + "=" + e.value())
                .sorted().collect(Collectors.joining(","));
            shown.add(name + " x" + described.get(name).partitions().size() + " {" + configs + "}");
        }
        return String.join(" ", shown);
    }

    static String offsetsOf(String id) throws Exception {
        return admin.listConsumerGroupOffsets(id).partitionsToOffsetAndMetadata().get().entrySet().stream()
            .sorted(Comparator.comparing(e -> e.getKey().toString())).map(e -> e.getKey() + "=" + e.getValue().offset())
            .collect(Collectors.joining(" "));
    }

    // ---------------------------------------------------------------- what groups show

    static StreamsGroupDescription described(String id) {
        return get(admin.describeStreamsGroups(List.of(id)).describedGroups().get(id));
    }

    static String tasks(List<StreamsGroupMemberAssignment.TaskIds> tasks) {
        return tasks.stream().map(t -> t.subtopologyId() + t.partitions().stream().sorted().toList()).sorted().collect(Collectors.joining(""));
    }

    static String topics(Map<String, StreamsGroupSubtopologyDescription.TopicInfo> topics) {
        return topics.entrySet().stream().map(e -> e.getKey() + " x" + e.getValue().partitions() + " rf" + e.getValue().replicationFactor()
            + " " + new TreeMap<>(e.getValue().topicConfigs())).sorted().toList().toString();
    }

    static void sayGroup(String name, String id) {
        StreamsGroupDescription group = described(id);
        say(name + " state", group.groupState() + " epochs differ by " + (group.groupEpoch() - group.targetAssignmentEpoch())
            + " topology epoch " + group.topologyEpoch());
        for (StreamsGroupSubtopologyDescription part : group.subtopologies()) {
            say(name + " subtopology " + part.subtopologyId(), part.sourceTopics() + " -> " + part.repartitionSinkTopics()
                + " repartition " + topics(part.repartitionSourceTopics())
                + " changelogs " + topics(part.stateChangelogTopics()));
        }
        // Which of equal members gets which half is not defined.
        say(name + " members", group.members().stream().map(m -> m.clientId().replaceAll("-StreamThread.*", "").replaceAll("-[ab]$", "")
            + " active " + m.assignment().activeTasks().stream().mapToInt(t -> t.partitions().size()).sum()
            + " standby " + m.assignment().standbyTasks().stream().mapToInt(t -> t.partitions().size()).sum()
            + " at target " + (m.memberEpoch() == group.targetAssignmentEpoch() && m.assignment().equals(m.targetAssignment()))
            + " topology " + m.topologyEpoch() + " instance " + m.instanceId() + " rack " + m.rackId() + " tags " + m.clientTags()
            + " endpoint " + m.userEndpoint() + " classic " + m.isClassic() + " " + m.clientHost()).sorted().toList());
        say(name + " all tasks", group.members().stream().flatMap(m -> m.assignment().activeTasks().stream())
            .flatMap(t -> t.partitions().stream().map(p -> t.subtopologyId() + "_" + p)).sorted().toList());
    }

    /** The group as it is once it has settled with as many members. */
    static void settled(String id, int members, int standbys) throws Exception {
        until(id + " settled", 60, () -> {
            StreamsGroupDescription group = described(id);
            int found = group.members().stream().flatMap(m -> m.assignment().standbyTasks().stream()).mapToInt(t -> t.partitions().size()).sum();
            boolean is = group.groupState() == GroupState.STABLE && group.members().size() == members && found == standbys;
            return is ? group : null;
        });
    }

    static String listed(String id) throws Exception {
        return admin.listGroups().all().get().stream().filter(g -> g.groupId().equals(id))
            .map(g -> g.type().map(Object::toString).orElse("?") + " " + g.protocol() + " " + g.groupState().map(Object::toString).orElse("?"))
            .collect(Collectors.joining(" "));
    }

    static void run(String name, String protocol, String guarantee) throws Exception {
        String id = "app-" + name, in = "in-" + name, out = "out-" + name;
        admin.createTopics(List.of(new NewTopic(in, 2, (short) 1), new NewTopic(out, 2, (short) 1))).all().get();
        produce(in, 10, "one two two", "three");
        Object[] config = {"group.protocol", protocol, "processing.guarantee", guarantee};
        KafkaStreams first = start(wordCount(in, out), id, "a", config), second = null;
        try {
            say(name + " counts", counts(out, new TreeMap<>(Map.of("one", 10L, "two", 20L, "three", 10L))));
            say(name + " topics", topicsOf(id));
            say(name + " listed", listed(id));
            until("running", 60, () -> first.state() == KafkaStreams.State.RUNNING ? true : null);
            ReadOnlyKeyValueStore<String, Long> store = until("store", 30,
                () -> first.store(StoreQueryParameters.fromNameAndType("counts", QueryableStoreTypes.keyValueStore())));
            say(name + " store", Stream.of("one", "three", "two").map(w -> w + "=" + store.get(w)).toList());
            boolean isStreams = protocol.equals("streams");
            if (isStreams) {
                settled(id, 1, 0);
                sayGroup(name + " one", id);
            }
            second = start(wordCount(in, out), id, "b", config);
            KafkaStreams other = second;
            until("two running", 90, () -> other.state() == KafkaStreams.State.RUNNING
                && !other.metadataForLocalThreads().stream().allMatch(t -> t.activeTasks().isEmpty()) ? true : null);
            if (isStreams) {
                settled(id, 2, 0);
                sayGroup(name + " two", id);
                ConfigResource group = new ConfigResource(ConfigResource.Type.GROUP, id);
                say(name + " standbys", outcome(admin.incrementalAlterConfigs(Map.of(group, List.of(
                    new AlterConfigOp(new ConfigEntry("streams.num.standby.replicas", "1"), AlterConfigOp.OpType.SET)))).all()));
                settled(id, 2, 2);
                sayGroup(name + " standby", id);
                say(name + " delete while running", outcome(admin.deleteStreamsGroups(List.of(id)).all()));
                say(name + " described as consumer group", outcome(admin.describeConsumerGroups(List.of(id)).all()));
            }
            produce(in, 5, "two", "four four");
            say(name + " counts again", counts(out, new TreeMap<>(Map.of("one", 10L, "two", 25L, "three", 10L, "four", 10L))));
        } finally {
            first.close(new KafkaStreams.CloseOptions().timeout(Duration.ofSeconds(30)).leaveGroup(true));
            if (second != null) second.close(new KafkaStreams.CloseOptions().timeout(Duration.ofSeconds(30)).leaveGroup(true));
        }
        until("empty", 60, () -> { try { return listed(id).endsWith("Empty") ? true : null; } catch (Exception e) { throw new RuntimeException(e); } });
        say(name + " listed at the end", listed(id));
        // A commit counts transaction markers, whose number is a matter of time.
        if (guarantee.equals("at_least_once")) say(name + " offsets", offsetsOf(id).replaceAll("by-word-repartition-(\\d)=\\d+", "by-word-repartition-$1=?"));
        if (protocol.equals("streams")) {
            sayGroup(name + " empty", id);
            say(name + " offsets by streams group", admin.listStreamsGroupOffsets(Map.of(id, new ListStreamsGroupOffsetsSpec()))
                .partitionsToOffsetAndMetadata(id).get().keySet().stream().map(Object::toString).sorted().toList());
            say(name + " set an offset", outcome(admin.alterStreamsGroupOffsets(id, Map.of(new TopicPartition(in, 0), new OffsetAndMetadata(1))).all()));
            say(name + " delete an offset", outcome(admin.deleteStreamsGroupOffsets(id, Set.of(new TopicPartition(in, 1))).all()));
            say(name + " offsets after", offsetsOf(id).replaceAll("by-word-repartition-(\\d)=\\d+", "by-word-repartition-$1=?"));
            say(name + " deleted", outcome(admin.deleteStreamsGroups(List.of(id)).all()));
            say(name + " described afterwards", outcome(admin.describeStreamsGroups(List.of(id)).all()));
        }
    }

    /** A topic of the user is missing, then of the wrong size; the members are told. */
    static void troubles() throws Exception {
        admin.createTopics(List.of(new NewTopic("t-left", 2, (short) 1), new NewTopic("t-right", 3, (short) 1), new NewTopic("t-out", 1, (short) 1))).all().get();
        KafkaStreams missing = start(wordCount("t-missing", "t-out"), "t-app-missing", "a", "group.protocol", "streams");
        say("missing source", until("ended", 90, () -> missing.state().hasCompletedShutdown() || missing.state() == KafkaStreams.State.ERROR ? missing.state() : null));
        missing.close(Duration.ofSeconds(10));
        KafkaStreams uneven = start(join("t-left", "t-right", "t-out"), "t-app-uneven", "a", "group.protocol", "streams");
        say("uneven sources", until("ended", 90, () -> uneven.state().hasCompletedShutdown() || uneven.state() == KafkaStreams.State.ERROR ? uneven.state() : null));
        uneven.close(Duration.ofSeconds(10));
    }

    // ---------------------------------------------------------------- raw heartbeats

    /** Asks in the highest version that names topics. */
    static ApiMessage ask(ApiMessage message) throws Exception {
        short version = (short) (message instanceof OffsetCommitRequestData ? 9 : 0);
        ApiKeys key = ApiKeys.forId(message.apiKey());
        String[] address = bootstrap.split(":");
        RequestHeaderData header = new RequestHeaderData().setRequestApiKey(key.id).setRequestApiVersion(version).setClientId("raw").setCorrelationId(7);
        try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
            socket.setSoTimeout(10_000);
            ByteBuffer head = MessageUtil.toByteBufferAccessor(header, key.requestHeaderVersion(version)).buffer();
            ByteBuffer body = MessageUtil.toByteBufferAccessor(message, version).buffer();
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(head.remaining() + body.remaining());
            out.write(Utils.toArray(head));
            out.write(Utils.toArray(body));
            out.flush();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            ByteBufferAccessor readable = new ByteBufferAccessor(ByteBuffer.wrap(answer));
            new ResponseHeaderData().read(readable, key.responseHeaderVersion(version));
            ApiMessage response = ApiMessageType.fromApiKey(key.id).newResponse();
            response.read(readable, version);
            return response;
        }
    }

    static StreamsGroupHeartbeatRequestData.Subtopology part(String id, String... sources) {
        return new StreamsGroupHeartbeatRequestData.Subtopology().setSubtopologyId(id).setSourceTopics(List.of(sources));
    }

    static StreamsGroupHeartbeatRequestData.TopicInfo topic(String name, int partitions) {
        return new StreamsGroupHeartbeatRequestData.TopicInfo().setName(name).setPartitions(partitions);
    }

    static StreamsGroupHeartbeatRequestData.Topology topology(int epoch, StreamsGroupHeartbeatRequestData.Subtopology... parts) {
        return new StreamsGroupHeartbeatRequestData.Topology().setEpoch(epoch).setSubtopologies(List.of(parts));
    }

    static StreamsGroupHeartbeatRequestData joining(String group, String member, StreamsGroupHeartbeatRequestData.Topology topology) {
        return new StreamsGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setMemberEpoch(0).setRebalanceTimeoutMs(60_000)
            .setTopology(topology).setActiveTasks(List.of()).setStandbyTasks(List.of()).setWarmupTasks(List.of()).setProcessId("process-" + member);
    }

    static StreamsGroupHeartbeatRequestData beat(String group, String member, int epoch) {
        return new StreamsGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setMemberEpoch(epoch);
    }

    static StreamsGroupHeartbeatRequestData.TaskIds ids(String part, Integer... partitions) {
        return new StreamsGroupHeartbeatRequestData.TaskIds().setSubtopologyId(part).setPartitions(List.of(partitions));
    }

    static StreamsGroupHeartbeatRequestData owns(StreamsGroupHeartbeatRequestData request, StreamsGroupHeartbeatRequestData.TaskIds... tasks) {
        return request.setActiveTasks(List.of(tasks)).setStandbyTasks(List.of()).setWarmupTasks(List.of());
    }

    static final String NOTHING = ", memberId='', memberEpoch=0, heartbeatIntervalMs=0, acceptableRecoveryLag=0, taskOffsetIntervalMs=0, status=[], "
        + "activeTasks=null, standbyTasks=null, warmupTasks=null, endpointInformationEpoch=0, partitionsByUserEndpoint=null";

    /** What a raw request is answered; groups and members come in no order. */
    static void raw(String name, ApiMessage request) throws Exception {
        ApiMessage answer = ask(request);
        if (answer instanceof StreamsGroupDescribeResponseData data) {
            data.groups().sort(Comparator.comparing(StreamsGroupDescribeResponseData.DescribedGroup::groupId));
            data.groups().forEach(g -> g.members().sort(Comparator.comparing(StreamsGroupDescribeResponseData.Member::memberId)));
        }
        say("raw " + name, String.valueOf(answer).replaceAll("throttleTimeMs=\\d+, ", "").replace(NOTHING, ""));
    }

    static void rawRefusals() throws Exception {
        StreamsGroupHeartbeatRequestData.Topology plain = topology(0, part("0", "r-in"));
        raw("static", joining("r", "m", plain).setInstanceId("i"));
        raw("warm-ups", owns(beat("r", "m", 1)).setWarmupTasks(List.of(ids("0", 0))));
        raw("task offsets", beat("r", "m", 1).setTaskOffsets(List.of()));
        raw("regex", joining("r", "m", topology(0, part("0").setSourceTopicRegex(List.of(".*")))));
        raw("no member", joining("r", "", plain));
        raw("no group", joining("", "m", plain));
        raw("blank rack", joining("r", "m", plain).setRackId(" "));
        raw("no rebalance timeout", joining("r", "m", plain).setRebalanceTimeoutMs(-1));
        raw("no tasks", joining("r", "m", plain).setActiveTasks(null));
        raw("tasks at join", joining("r", "m", plain).setStandbyTasks(List.of(ids("0", 0))));
        raw("no topology", joining("r", "m", null));
        raw("topology later", beat("r", "m", 1).setTopology(plain));
        raw("one kind of task", beat("r", "m", 1).setActiveTasks(List.of()));
        raw("epoch -3", beat("r", "m", -3));
        raw("epoch -2", beat("r", "m", -2));
        raw("changelog with a count", joining("r", "m", topology(0, part("0", "r-in").setStateChangelogTopics(List.of(topic("r-c", 3))))));
        raw("internal topic", joining("r", "m", topology(0, part("0", "__consumer_offsets"))));
        raw("bad topic name", joining("r", "m", topology(0, part("0", "no good"))));
        raw("unknown group", beat("r-unknown", "m", 1));
        raw("leave unknown group", beat("r-unknown", "m", -1));
        raw("describe unknown", new StreamsGroupDescribeRequestData().setGroupIds(List.of("r-unknown", "")));
    }

    static void rawTopologies() throws Exception {
        admin.createTopics(List.of(new NewTopic("r-in", 2, (short) 1), new NewTopic("r-other", 3, (short) 1))).all().get();
        raw("missing", joining("r-missing", "m", topology(0, part("0", "d", "c", "b", "a"))));
        raw("loop", joining("r-loop", "m", topology(0, part("0", "r-in"),
            part("1").setRepartitionSourceTopics(List.of(topic("x", 0))).setRepartitionSinkTopics(List.of("y")),
            part("2").setRepartitionSourceTopics(List.of(topic("y", 0))).setRepartitionSinkTopics(List.of("x")))));
        raw("never written", joining("r-never", "m", topology(0, part("0", "r-in").setRepartitionSourceTopics(List.of(topic("x", 0))))));
        raw("no sources", joining("r-none", "m", topology(0, part("0", "r-in"), part("1"))));
        raw("uneven", joining("r-uneven", "m", topology(0, part("0", "r-in", "r-other").setCopartitionGroups(List.of(
            new StreamsGroupHeartbeatRequestData.CopartitionGroup().setSourceTopics(List.of((short) 0, (short) 1)))))));
        raw("uneven fixed", joining("r-fixed", "m", topology(0, part("0", "r-in").setRepartitionSinkTopics(List.of("x")),
            part("1", "r-in").setRepartitionSourceTopics(List.of(topic("x", 5))).setCopartitionGroups(List.of(
                new StreamsGroupHeartbeatRequestData.CopartitionGroup().setSourceTopics(List.of((short) 0)).setRepartitionSourceTopics(List.of((short) 0)))))));
        raw("existing topic of another size", joining("r-size", "m", topology(0,
            part("0", "r-in").setStateChangelogTopics(List.of(topic("r-other", 0))))));
        raw("none created", new StreamsGroupDescribeRequestData().setGroupIds(List.of("r-loop", "r-never", "r-none")));
    }

    static void rawMembers() throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, "r");
        admin.incrementalAlterConfigs(Map.of(resource, List.of(
            new AlterConfigOp(new ConfigEntry("streams.initial.rebalance.delay.ms", "0"), AlterConfigOp.OpType.SET),
            new AlterConfigOp(new ConfigEntry("streams.assignment.interval.ms", "0"), AlterConfigOp.OpType.SET)))).all().get();
        StreamsGroupHeartbeatRequestData.Topology plain = topology(3, part("0", "r-in"));
        StreamsGroupHeartbeatRequestData first = joining("r", "m1", plain).setUserEndpoint(
            new StreamsGroupHeartbeatRequestData.Endpoint().setHost("h").setPort(9)).setEndpointInformationEpoch(-1);
        // A setting takes a moment to get around.
        until("setting", 10, () -> { try {
            ask(joining("r-probe", "m", plain)); Thread.sleep(500); return true; } catch (Exception e) { throw new RuntimeException(e); } });
        raw("first joins", first);
        raw("first goes on", beat("r", "m1", 2).setEndpointInformationEpoch(-1));
        raw("first tells", owns(beat("r", "m1", 2), ids("0", 0, 1)));
        raw("greater epoch", beat("r", "m1", 9));
        raw("smaller epoch", beat("r", "m1", 1));
        raw("unknown member", beat("r", "m7", 2));
        raw("unknown subtopology", owns(beat("r", "m1", 2), ids("7", 0)));
        raw("unknown task", owns(beat("r", "m1", 2), ids("0", 2)));
        raw("other topology", joining("r", "m2", topology(3, part("0", "r-other"))));
        raw("newer topology", joining("r", "m2", topology(4, part("0", "r-in"))));
        raw("older topology", joining("r", "m2", topology(2, part("0", "r-other"))));
        raw("second waits", beat("r", "m2", 3));
        raw("first gives up", owns(beat("r", "m1", 2), ids("0", 0, 1)));
        raw("first gave up", owns(beat("r", "m1", 2), ids("0", 0)));
        raw("second gets", beat("r", "m2", 3));
        raw("lost answer", owns(beat("r", "m1", 2), ids("0", 0)));
        raw("described", new StreamsGroupDescribeRequestData().setGroupIds(List.of("r")));
        raw("commit by member", commit("r", "m1", 3, "r-in", 0));
        raw("commit at the epoch of the task", commit("r", "m1", 2, "r-in", 0));
        raw("commit before the epoch of the task", commit("r", "m2", 2, "r-in", 1));
        raw("commit of another's task", commit("r", "m1", 2, "r-in", 1));
        raw("commit of another topic", commit("r", "m1", 2, "r-other", 1));
        raw("commit with a newer epoch", commit("r", "m1", 4, "r-in", 0));
        raw("commit by nobody", commit("r", "m9", 3, "r-in", 0));
        raw("commit by admin", commit("r", "", -1, "r-in", 0));
        raw("second stops all", beat("r", "m2", -1).setShutdownApplication(true));
        raw("first is told", beat("r", "m1", 3).setEndpointInformationEpoch(7));
        raw("first leaves", beat("r", "m1", -1));
        raw("first is gone", beat("r", "m1", 4));
        raw("described empty", new StreamsGroupDescribeRequestData().setGroupIds(List.of("r")));
        raw("commit by admin when empty", commit("r", "", -1, "r-in", 0));
    }

    static ApiMessage commit(String group, String member, int epoch, String topic, int partition) {
        return new OffsetCommitRequestData().setGroupId(group).setMemberId(member).setGenerationIdOrMemberEpoch(epoch)
            .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic().setName(topic).setPartitions(List.of(
                new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(partition).setCommittedOffset(5)))));
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        try (Admin connected = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin = connected;
            until("coordinator", 60, () -> get(admin.listConsumerGroupOffsets("r").partitionsToOffsetAndMetadata()));
            step("raw refusals", Streams::rawRefusals);
            step("raw topologies", Streams::rawTopologies);
            step("raw members", Streams::rawMembers);
            step("streams", () -> run("streams", "streams", "at_least_once"));
            step("streams-eos", () -> run("streams-eos", "streams", "exactly_once_v2"));
            step("classic", () -> run("classic", "classic", "at_least_once"));
            step("classic-eos", () -> run("classic-eos", "classic", "exactly_once_v2"));
            step("troubles", Streams::troubles);
        }
        System.exit(failed ? 1 : 0);
    }
}
