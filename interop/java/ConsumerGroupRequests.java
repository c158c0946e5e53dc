import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.*;
import java.util.function.Consumer;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.coordinator.group.generated.CoordinatorRecordType;

/** Requests about consumer groups (KIP-848) that no client sends, and the records they lead to: ConsumerGroupRequests BOOTSTRAP. */
public class ConsumerGroupRequests {
    static Admin admin;
    static final Map<String, String> NAMES = new LinkedHashMap<>();

    /** Topics come in the order of their ids, which nobody chose. */
    static final java.util.regex.Pattern PARTITIONS = java.util.regex.Pattern.compile("TopicPartitions?\\([^()]*\\)(?:, TopicPartitions?\\([^()]*\\))+");

    static void say(String name, Object value) { System.out.println(name + ": " + value); }

    static Uuid create(String name, int partitions) throws Exception {
        Uuid id = admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).topicId(name).get();
        NAMES.put(id.toString(), name);
        return id;
    }

    /** An answer or a record without what differs from run to run. */
    static String plain(Object data) {
        String text = String.valueOf(data).replace("throttleTimeMs=0, ", "");
        for (Map.Entry<String, String> name : NAMES.entrySet()) text = text.replace(name.getKey(), "<" + name.getValue() + ">");
        text = PARTITIONS.matcher(text).replaceAll(found -> java.util.regex.Matcher.quoteReplacement(
            Stream.of(found.group().split("(?<=\\)), ")).sorted().collect(Collectors.joining(", "))));
        return text.replaceAll("([tT]imestamp(?:Ms)?)=1[0-9]{12}", "$1=T").replaceAll("metadataHash=-?[0-9]{3,}", "metadataHash=H")
            .replaceAll("\\bport=\\d+", "port=P").replaceAll("version=[1-9][0-9]*", "version=V");
    }

    static ApiMessage ask(String name, int version, ApiMessage request) throws Exception {
        ApiMessage answer = Transactions.ask(new Transactions.Raw(request, version));
        say(name + " v" + version, plain(answer));
        return answer;
    }

    /** A heartbeat; the fields beyond these are unchanged, unless it joins. */
    static ConsumerGroupHeartbeatRequestData beat(String group, String member, int epoch) {
        return new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setMemberEpoch(epoch);
    }

    static ConsumerGroupHeartbeatRequestData join(String group, String member, String... topics) {
        return beat(group, member, 0).setRebalanceTimeoutMs(60_000).setSubscribedTopicNames(List.of(topics)).setTopicPartitions(List.of());
    }

    static List<ConsumerGroupHeartbeatRequestData.TopicPartitions> owned(Uuid topic, Integer... partitions) {
        return List.of(new ConsumerGroupHeartbeatRequestData.TopicPartitions().setTopicId(topic).setPartitions(List.of(partitions)));
    }

    static ConsumerGroupHeartbeatResponseData heartbeat(String name, ConsumerGroupHeartbeatRequestData request) throws Exception {
        return (ConsumerGroupHeartbeatResponseData) ask(name, 1, request);
    }

    static void refused() throws Exception {
        for (int version : new int[] {0, 1}) {
            ask("no group", version, join("", "m", "r-t"));
            ask("no member", version, beat("r-bad", "", 1));
            ask("no member joins", version, join("r-bad-" + version, "").setSubscribedTopicNames(null));
            ask("blank group", version, join("  ", "m", "r-t"));
            ask("blank member", version, join("r-bad", " ", "r-t"));
            ask("blank instance", version, join("r-bad", "m", "r-t").setInstanceId(" "));
            ask("blank rack", version, join("r-bad", "m", "r-t").setRackId(" "));
            ask("no owned", version, join("r-bad", "m", "r-t").setTopicPartitions(null));
            ask("owns when joining", version, join("r-bad", "m", "r-t").setTopicPartitions(owned(Uuid.ONE_UUID, 0)));
            ask("no rebalance timeout", version, join("r-bad", "m", "r-t").setRebalanceTimeoutMs(-1));
            ask("no topics", version, join("r-bad", "m").setSubscribedTopicNames(null));
            ask("empty instance", version, join("r-bad", "m", "r-t").setInstanceId(""));
            ask("empty rack", version, join("r-bad", "m", "r-t").setRackId(""));
            ask("empty assignor", version, join("r-bad", "m", "r-t").setServerAssignor(""));
            ask("unknown assignor", version, join("r-bad", "m", "r-t").setServerAssignor("best"));
            ask("epoch -3", version, beat("r-bad", "m", -3));
            ask("epoch -2 without instance", version, beat("r-bad", "m", -2));
            ask("unknown group", version, beat("r-bad", "m", 1));
            ask("leaves unknown group", version, beat("r-bad", "m", -1));
            ask("static leaves unknown group", version, beat("r-bad", "m", -2).setInstanceId("i"));
        }
        heartbeat("long member id", join("r-bad", "m".repeat(37), "r-t"));
        heartbeat("bad pattern", join("r-pattern", "m").setSubscribedTopicRegex("r-(t"));
        for (String bad : List.of("r-[t", "r-[z-a]", "r-\\q", "*r", "r\\", "(?=r)", "r)", "(?z)r", "(r)\\1", "r{2,1}",
                "\\pX", "(?P<a>r)(?P<a>t)"))
            heartbeat("pattern " + bad, join("r-pattern", "m").setSubscribedTopicRegex(bad));
        heartbeat("no names with pattern", join("r-pattern", "m").setSubscribedTopicNames(null).setSubscribedTopicRegex("r-.*"));
        heartbeat("empty names", join("r-empty", "m"));
        heartbeat("unknown topic", join("r-unknown", "m", "r-none"));
        heartbeat("bad topic name", join("r-unknown", "n", "bad name!"));
        heartbeat("topic twice", join("r-unknown", "o", "r-none", "r-none"));
    }

    static void life(Uuid topic) throws Exception {
        String group = "r-life";
        heartbeat("a joins", join(group, "a", "r-t").setRackId("rack"));
        heartbeat("a again", beat(group, "a", 2));
        heartbeat("a in full", join(group, "a", "r-t").setMemberEpoch(2).setTopicPartitions(owned(topic, 0, 1, 2, 3)));
        heartbeat("a joins again", join(group, "a", "r-t"));
        heartbeat("b joins", join(group, "b", "r-t"));
        describe("one gives back", group);
        heartbeat("a too new", beat(group, "a", 9));
        heartbeat("a too old", beat(group, "a", 1));
        heartbeat("a must give back", beat(group, "a", 2));
        heartbeat("b waits", beat(group, "b", 3));
        heartbeat("a lies", beat(group, "a", 2).setTopicPartitions(owned(topic, 0, 1, 2, 3)));
        heartbeat("a keeps one", beat(group, "a", 2).setTopicPartitions(owned(topic, 0, 1, 2)));
        describe("a keeps one", group);
        heartbeat("a gave back", beat(group, "a", 2).setTopicPartitions(owned(topic, 0, 1)));
        heartbeat("a did not hear", beat(group, "a", 2).setTopicPartitions(owned(topic, 0, 1)));
        heartbeat("a did not hear and lies", beat(group, "a", 2).setTopicPartitions(owned(topic, 0, 3)));
        heartbeat("a did not hear nor say", beat(group, "a", 2));
        heartbeat("b gets", beat(group, "b", 3));
        heartbeat("b again", beat(group, "b", 3).setTopicPartitions(owned(topic, 2, 3)));
        describe("stable", group);
        heartbeat("b wants range", beat(group, "b", 3).setServerAssignor("range"));
        heartbeat("b wants another topic, too", beat(group, "b", 3).setSubscribedTopicNames(List.of("r-t", "r-u")));
        describe("another topic", group);
        heartbeat("a hears", beat(group, "a", 3));
        heartbeat("unknown member", beat(group, "x", 3));
        heartbeat("unknown member leaves", beat(group, "x", -1));
        heartbeat("unknown instance", beat(group, "x", 3).setInstanceId("i"));
        offsets(group, topic);
        heartbeat("b leaves", beat(group, "b", -1));
        describe("b left", group);
        heartbeat("a after b left", beat(group, "a", 4));
        heartbeat("a has all", beat(group, "a", 5).setTopicPartitions(owned(topic, 0, 1, 2, 3)));
        ask("delete while used", 2, new DeleteGroupsRequestData().setGroupsNames(List.of(group)));
        ask("delete nobody", 2, new DeleteGroupsRequestData().setGroupsNames(List.of("r-nobody")));
        ask("delete offsets while used", 0, deleteOffsets(group, "r-t"));
        ask("delete other offsets while used", 0, deleteOffsets(group, "r-other"));
        heartbeat("a leaves", beat(group, "a", -1));
        describe("all left", group);
        listed();
        ask("commit by nobody", 9, commit(group, "", -1, topic, 0, 3));
        ask("commit by one who left", 9, commit(group, "a", 5, topic, 0, 3));
        ask("delete", 2, new DeleteGroupsRequestData().setGroupsNames(List.of(group)));
        describe("deleted", group);
    }

    static OffsetDeleteRequestData deleteOffsets(String group, String topic) {
        return new OffsetDeleteRequestData().setGroupId(group).setTopics(new OffsetDeleteRequestData.OffsetDeleteRequestTopicCollection(
            List.of(new OffsetDeleteRequestData.OffsetDeleteRequestTopic().setName(topic).setPartitions(
                List.of(new OffsetDeleteRequestData.OffsetDeleteRequestPartition().setPartitionIndex(0)))).iterator()));
    }

    static OffsetCommitRequestData commit(String group, String member, int epoch, Uuid topic, int partition, long offset) {
        return new OffsetCommitRequestData().setGroupId(group).setMemberId(member).setGenerationIdOrMemberEpoch(epoch)
            .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic().setTopicId(topic).setName("r-t").setPartitions(
                List.of(new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(partition).setCommittedOffset(offset)))));
    }

    static OffsetFetchRequestData fetch(String group, String member, int epoch, Uuid topic) {
        return new OffsetFetchRequestData().setGroups(List.of(new OffsetFetchRequestData.OffsetFetchRequestGroup().setGroupId(group)
            .setMemberId(member).setMemberEpoch(epoch).setTopics(topic == null ? null : List.of(new OffsetFetchRequestData.OffsetFetchRequestTopics()
                .setTopicId(topic).setName("r-t").setPartitionIndexes(List.of(0, 1, 9))))));
    }

    static void offsets(String group, Uuid topic) throws Exception {
        for (int version : new int[] {2, 8, 9, 10}) {
            ask("commit by a", version, commit(group, "a", 3, topic, 0, version));
            ask("commit by an old a", version, commit(group, "a", 2, topic, 0, version));
            ask("commit by an old b", version, commit(group, "b", 2, topic, 2, version));
            ask("commit by a new a", version, commit(group, "a", 9, topic, 0, version));
            ask("commit by unknown", version, commit(group, "x", 3, topic, 0, version));
            ask("commit by nobody", version, commit(group, "", -1, topic, 0, version));
        }
        ask("commit of no such partition", 10, commit(group, "a", 3, topic, 77, 1));
        ask("commit of no such topic", 10, commit(group, "a", 3, Uuid.ONE_UUID, 0, 1));
        ask("commit to no group", 10, commit("r-nobody", "a", 3, topic, 0, 1));
        for (int version : new int[] {8, 9, 10}) {
            ask("fetch by a", version, fetch(group, "a", 3, topic));
            ask("fetch by an old a", version, fetch(group, "a", 2, topic));
            ask("fetch by unknown", version, fetch(group, "x", 3, topic));
            ask("fetch by admin", version, fetch(group, null, -1, topic));
            ask("fetch all", version, fetch(group, null, -1, null));
            ask("fetch from no group", version, fetch("r-nobody", "a", 3, topic));
        }
    }

    static void statics(Uuid topic) throws Exception {
        String group = "r-static";
        heartbeat("s joins", join(group, "s", "r-t").setInstanceId("i1"));
        heartbeat("p joins", join(group, "p", "r-t").setInstanceId("i2"));
        heartbeat("s gives", beat(group, "s", 2).setInstanceId("i1"));
        heartbeat("s gave", beat(group, "s", 2).setInstanceId("i1").setTopicPartitions(owned(topic, 0, 1)));
        heartbeat("p gets", beat(group, "p", 3).setInstanceId("i2"));
        heartbeat("s twice", join(group, "s2", "r-t").setInstanceId("i1"));
        heartbeat("s with another id", beat(group, "s2", 3).setInstanceId("i1"));
        heartbeat("s with another id leaves", beat(group, "s2", -1).setInstanceId("i1"));
        heartbeat("unknown instance leaves", beat(group, "s2", -1).setInstanceId("i7"));
        heartbeat("s goes for a while", beat(group, "s", -2).setInstanceId("i1"));
        describe("one is away", group);
        heartbeat("away, yet there", beat(group, "s", 3).setInstanceId("i1"));
        heartbeat("s is back", join(group, "s3", "r-t").setInstanceId("i1"));
        describe("back", group);
        heartbeat("s goes again", beat(group, "s3", -2).setInstanceId("i1"));
        heartbeat("s is back for another topic", join(group, "s4", "r-u").setInstanceId("i1"));
        heartbeat("p leaves", beat(group, "p", -1).setInstanceId("i2"));
        describe("p left", group);
        ask("leave by the classic protocol", 5, new LeaveGroupRequestData().setGroupId(group).setMembers(List.of(
            new LeaveGroupRequestData.MemberIdentity().setGroupInstanceId("i1").setReason("r"))));
        ask("leave by the classic protocol by id", 5, new LeaveGroupRequestData().setGroupId(group).setMembers(List.of(
            new LeaveGroupRequestData.MemberIdentity().setMemberId("s4").setReason("r"))));
    }

    static void others() throws Exception {
        String group = "r-others";
        heartbeat("q joins", join(group, "q", "r-t"));
        ask("describe as classic", 6, new DescribeGroupsRequestData().setGroups(List.of(group)));
        ask("describe nobody as classic", 6, new DescribeGroupsRequestData().setGroups(List.of("r-nobody")));
        ask("describe as classic", 5, new DescribeGroupsRequestData().setGroups(List.of(group)));
        ask("classic heartbeat", 4, new HeartbeatRequestData().setGroupId(group).setMemberId("q").setGenerationId(2));
        ask("classic sync", 5, new SyncGroupRequestData().setGroupId(group).setMemberId("q").setGenerationId(2));
        ask("describe none", 1, new ConsumerGroupDescribeRequestData().setGroupIds(List.of()));
        ask("describe empty id", 1, new ConsumerGroupDescribeRequestData().setGroupIds(List.of("")));
        ask("describe with operations", 1, new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group)).setIncludeAuthorizedOperations(true));
        ask("describe", 0, new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group)));
        Transactions.ask(new Transactions.Raw(commit("r-simple", "", -1, Uuid.ZERO_UUID, 0, 1), 9));
        describe("a simple group", "r-simple");
        heartbeat("joins a simple group", join("r-simple", "q", "r-t"));
        listed();
    }

    static void patterns(Uuid topic) throws Exception {
        String group = "r-regex";
        heartbeat("e joins", join(group, "e").setSubscribedTopicNames(null).setSubscribedTopicRegex("r-t|r-x.*"));
        ConsumerGroupHeartbeatResponseData answer = null;
        int epoch = 1;
        for (int i = 0; i < 100 && (answer == null || answer.assignment() == null); i++, epoch = answer.memberEpoch()) {
            Thread.sleep(50);
            answer = (ConsumerGroupHeartbeatResponseData) Transactions.ask(new Transactions.Raw(beat(group, "e", epoch), 1));
        }
        say("e gets", plain(answer));
        describe("by pattern", group);
        heartbeat("e has no pattern any more", beat(group, "e", epoch).setSubscribedTopicRegex(""));
        describe("without pattern", group);
        heartbeat("e has a name", beat(group, "e", epoch + 1).setSubscribedTopicNames(List.of("r-u")));
        describe("with a name", group);
    }

    static void describe(String name, String group) throws Exception {
        ApiMessage answer = Transactions.ask(new Transactions.Raw(new ConsumerGroupDescribeRequestData().setGroupIds(List.of(group)), 1));
        ((ConsumerGroupDescribeResponseData) answer).groups().forEach(g ->
            g.setMembers(g.members().stream().sorted(Comparator.comparing(m -> m.memberId())).toList()));
        say("described, " + name, plain(answer));
    }

    static void listed() throws Exception {
        for (List<String> types : List.of(List.<String>of(), List.of("consumer"), List.of("Classic"), List.of("nonsense"))) {
            ListGroupsResponseData data = (ListGroupsResponseData) Transactions.ask(new Transactions.Raw(new ListGroupsRequestData().setTypesFilter(types), 5));
            say("listed " + types, data.errorCode() + " " + data.groups().stream().map(g -> plain(g)).sorted().toList());
        }
    }

    /** What lies in __consumer_offsets, group by group. */
    static void records() {
        Map<String, Object> config = Map.of("bootstrap.servers", Transactions.bootstrap, "auto.offset.reset", "earliest", "exclude.internal.topics", false);
        Map<String, List<String>> seen = new TreeMap<>();
        try (KafkaConsumer<ByteBuffer, ByteBuffer> consumer = new KafkaConsumer<>(config, new ByteBufferDeserializer(), new ByteBufferDeserializer())) {
            List<TopicPartition> all = IntStream.range(0, 50).mapToObj(p -> new TopicPartition("__consumer_offsets", p)).toList();
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Map<TopicPartition, Long> ends = consumer.endOffsets(all);
            long until = System.currentTimeMillis() + 20_000;
            while (System.currentTimeMillis() < until && all.stream().anyMatch(p -> consumer.position(p) < ends.get(p)))
                for (ConsumerRecord<ByteBuffer, ByteBuffer> record : consumer.poll(Duration.ofMillis(200))) record(record, seen);
        }
        seen.forEach((group, lines) -> lines.forEach(line -> say("record of " + group, line)));
    }

    static void record(ConsumerRecord<ByteBuffer, ByteBuffer> record, Map<String, List<String>> seen) {
        CoordinatorRecordType type = CoordinatorRecordType.fromId(record.key().getShort());
        ApiMessage key = type.newRecordKey(), value = type.newRecordValue();
        key.read(new ByteBufferAccessor(record.key()), (short) 0);
        short version = record.value() == null ? -1 : record.value().getShort();
        if (version >= 0) value.read(new ByteBufferAccessor(record.value()), version);
        String group = key.toString().replaceAll(".*?(?:groupId|group)='([^']*)'.*", "$1");
        seen.computeIfAbsent(group, g -> new ArrayList<>()).add(plain(key + " = " + (version < 0 ? "null" : "v" + version + " " + value)));
    }

    public static void main(String[] args) throws Exception {
        Transactions.bootstrap = args[0];
        admin = Admin.create(Map.of("bootstrap.servers", args[0]));
        Uuid topic = create("r-t", 4);
        create("r-u", 2);
        // Finds the coordinator, so that the requests do.
        admin.listConsumerGroupOffsets("r-first").partitionsToOffsetAndMetadata().get();
        refused();
        life(topic);
        statics(topic);
        others();
        patterns(topic);
        records();
        admin.close();
        System.exit(0);
    }
}
