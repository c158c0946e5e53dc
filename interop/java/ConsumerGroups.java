import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.serialization.*;

/** Apache Kafka's own consumer with group.protocol=consumer (KIP-848): ConsumerGroups BOOTSTRAP. */
public class ConsumerGroups {
    interface Step { void run() throws Exception; }

    static String bootstrap;
    static Admin admin;
    static boolean failed;

    static void say(String name, Object value) { System.out.println(name + ": " + value); }

    static void step(String name, Step step) {
        System.err.println("[" + name + "]");
        try { step.run(); } catch (Throwable t) { failed = true; t.printStackTrace(); say(name, "FAILED " + t); }
    }

    static String outcome(Step step) {
        try { step.run(); return "OK"; } catch (Throwable t) {
            Throwable cause = t instanceof ExecutionException ? t.getCause() : t;
            return cause.getClass().getSimpleName() + " " + String.valueOf(cause.getMessage()).replaceAll("[\\w-]{22}", "ID");
        }
    }

    /** A consumer that remembers what its listener was told, in order. */
    static class Member implements AutoCloseable, ConsumerRebalanceListener {
        final KafkaConsumer<String, String> consumer;
        final List<String> told = new ArrayList<>(), values = new ArrayList<>();

        Member(String group, Object... pairs) {
            Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group, "group.protocol", "consumer",
                "auto.offset.reset", "earliest", "enable.auto.commit", false, "metadata.max.age.ms", 500));
            for (int i = 0; i < pairs.length; i += 2) config.put((String) pairs[i], pairs[i + 1]);
            consumer = new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        }

        Member on(String... topics) { consumer.subscribe(List.of(topics), this); return this; }

        /** What happened, without how many steps it took. */
        void tell(String what) { if (told.isEmpty() || !told.get(told.size() - 1).equals(what)) told.add(what); }

        public void onPartitionsAssigned(Collection<TopicPartition> p) { tell(p.isEmpty() ? "assigned nothing" : "assigned"); }
        public void onPartitionsRevoked(Collection<TopicPartition> p) { tell(p.isEmpty() ? "revoked nothing" : "revoked"); }
        public void onPartitionsLost(Collection<TopicPartition> p) { tell(p.isEmpty() ? "lost nothing" : "lost"); }

        Set<TopicPartition> has() { return consumer.assignment(); }
        void poll() { consumer.poll(Duration.ofMillis(50)).forEach(r -> values.add(r.value())); }
        public void close() { consumer.close(); }
    }

    static boolean overlapped;

    /** Polls all until it is so; looks whether two ever have the same partition. */
    static boolean until(BooleanSupplier so, Member... members) {
        long end = System.currentTimeMillis() + 30_000;
        while (!so.getAsBoolean()) {
            if (System.currentTimeMillis() > end) return false;
            for (Member member : members) member.poll();
            for (Member one : members) for (Member other : members) {
                if (one == other) continue;
                Set<TopicPartition> both = new HashSet<>(one.has());
                both.retainAll(other.has());
                both.retainAll(one.has());
                overlapped |= !both.isEmpty();
            }
        }
        return true;
    }

    static String sizes(Member... members) {
        return Stream.of(members).map(m -> m.has().size()).sorted().toList() + " of "
            + Stream.of(members).flatMap(m -> m.has().stream()).distinct().count() + " overlapped=" + overlapped;
    }

    static void create(String name, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
    }

    static void fill(String topic, int partitions, int count) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) producer.send(new ProducerRecord<>(topic, i % partitions, null, "v" + i));
        }
    }

    static ConsumerGroupDescription described(String group) throws Exception {
        return admin.describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
    }

    static void describe(String name, String group) throws Exception {
        ConsumerGroupDescription d = described(group);
        say(name, d.type() + " " + d.groupState() + " simple=" + d.isSimpleConsumerGroup() + " by " + d.partitionAssignor()
            + " in step=" + d.groupEpoch().equals(d.targetAssignmentEpoch()) + " coordinator=" + d.coordinator().id() + " "
            + d.members().stream().map(m -> m.clientId().replaceAll("\\d+$", "N") + " " + m.host() + " instance=" + m.groupInstanceId().orElse("-")
                + " in step=" + m.memberEpoch().equals(d.groupEpoch()) + " upgraded=" + m.upgraded() + " has=" + m.assignment().topicPartitions().size()
                + " target=" + m.targetAssignment().map(t -> t.topicPartitions().size()).orElse(-1)).sorted().toList());
    }

    static boolean isStable(String group, int members) {
        try {
            ConsumerGroupDescription d = described(group);
            return d.groupState() == GroupState.STABLE && d.members().size() == members;
        } catch (Exception e) { return false; }
    }

    static void rebalance() throws Exception {
        create("g-share", 6);
        fill("g-share", 6, 60);
        Member a = new Member("g-share").on("g-share");
        say("one has all", until(() -> a.has().size() == 6 && a.values.size() == 60, a) + " " + sizes(a));
        say("one is told", a.told);
        until(() -> isStable("g-share", 1), a);
        describe("one", "g-share");
        Member b = new Member("g-share").on("g-share");
        say("two share", until(() -> a.has().size() == 3 && b.has().size() == 3, a, b) + " " + sizes(a, b));
        Member c = new Member("g-share").on("g-share");
        say("three share", until(() -> a.has().size() == 2 && b.has().size() == 2 && c.has().size() == 2, a, b, c) + " " + sizes(a, b, c));
        until(() -> isStable("g-share", 3), a, b, c);
        describe("three", "g-share");
        say("first is told", a.told);
        say("last is told", c.told);
        c.close();
        say("closed is told", c.told);
        say("two share again", until(() -> a.has().size() == 3 && b.has().size() == 3, a, b) + " " + sizes(a, b));
        b.consumer.unsubscribe();
        say("unsubscribed is told", b.told);
        say("one has all again", until(() -> a.has().size() == 6, a) + " " + sizes(a));
        b.on("g-share");
        say("subscribed again", until(() -> a.has().size() == 3 && b.has().size() == 3, a, b) + " " + sizes(a, b));
        a.close(); b.close();
        describe("none", "g-share");
    }

    static void range() throws Exception {
        create("g-range-a", 3);
        create("g-range-b", 3);
        Member a = new Member("g-range", "group.remote.assignor", "range").on("g-range-a", "g-range-b");
        Member b = new Member("g-range", "group.remote.assignor", "range").on("g-range-a", "g-range-b");
        say("by range", until(() -> a.has().size() + b.has().size() == 6 && a.has().size() % 2 == 0 && b.has().size() > 0 && a.has().size() > 0, a, b) + " " + sizes(a, b));
        until(() -> isStable("g-range", 2), a, b);
        describe("range", "g-range");
        a.close(); b.close();
        Member bad = new Member("g-none", "group.remote.assignor", "best").on("g-range-a");
        say("unknown assignor", outcome(() -> until(() -> false, bad)));
        bad.close();
    }

    static void statics() throws Exception {
        create("g-static", 4);
        Member a = new Member("g-static", "group.instance.id", "i1").on("g-static");
        Member b = new Member("g-static", "group.instance.id", "i2").on("g-static");
        say("static", until(() -> a.has().size() == 2 && b.has().size() == 2, a, b) + " " + sizes(a, b));
        until(() -> isStable("g-static", 2), a, b);
        describe("static ones", "g-static");
        int epoch = described("g-static").groupEpoch().get();
        Set<TopicPartition> had = new HashSet<>(a.has());
        b.told.clear();
        Member twin = new Member("g-static", "group.instance.id", "i1").on("g-static");
        say("twin", outcome(() -> until(() -> false, twin)).replaceAll("member [\\w-]+|by \\S+ member", "M").replaceAll("Static M", "M"));
        twin.close();
        a.close();
        say("static one is away", described("g-static").members().size() + " epoch moved by " + (described("g-static").groupEpoch().get() - epoch));
        Member again = new Member("g-static", "group.instance.id", "i1").on("g-static");
        say("static one is back", until(() -> again.has().size() == 2, again, b) + " the same=" + again.has().equals(had)
            + " epoch moved by " + (described("g-static").groupEpoch().get() - epoch) + " other is told " + b.told);
        say("admin removes it", outcome(() -> admin.removeMembersFromConsumerGroup("g-static",
            new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("i2")))).all().get()));
        until(() -> again.has().size() == 4, again);
        say("after removal", sizes(again));
        say("closing for good", outcome(() -> again.consumer.close(CloseOptions.groupMembershipOperation(CloseOptions.GroupMembershipOperation.LEAVE_GROUP))));
        say("members left", described("g-static").members().size());
        b.close();
    }

    static void patterns() throws Exception {
        create("g-re-a", 1);
        create("g-re-b", 2);
        create("g-other", 1);
        Member a = new Member("g-re");
        a.consumer.subscribe(new SubscriptionPattern("g-re-[a-c]"), a);
        say("pattern", until(() -> a.has().size() == 3, a) + " " + new TreeSet<>(a.consumer.subscription()) + " " + sizes(a));
        create("g-re-c", 3);
        say("topic that matches", until(() -> a.has().size() == 6, a) + " " + sizes(a));
        a.consumer.subscribe(new SubscriptionPattern("g-o.*"), a);
        say("other pattern", until(() -> a.has().equals(Set.of(new TopicPartition("g-other", 0))), a));
        a.consumer.unsubscribe();
        a.consumer.subscribe(List.of("g-re-b"), a);
        say("names instead", until(() -> a.has().size() == 2, a) + " " + sizes(a));
        a.consumer.unsubscribe();
        a.consumer.subscribe(Pattern.compile("g-re-(?=a).*"), a);
        say("client's pattern", until(() -> a.has().equals(Set.of(new TopicPartition("g-re-a", 0))), a));
        a.close();
        for (String bad : List.of("g-(", "g-(?=a)")) {
            Member b = new Member("g-re-bad");
            b.consumer.subscribe(new SubscriptionPattern(bad));
            say("pattern " + bad, outcome(() -> until(() -> false, b)));
            b.close();
        }
    }

    static void topicsLater() throws Exception {
        Member a = new Member("g-later", "allow.auto.create.topics", false).on("g-later", "g-later-2");
        for (int i = 0; i < 10; i++) a.poll();
        say("no topics yet", sizes(a) + " " + a.told);
        create("g-later", 2);
        say("topic is created", until(() -> a.has().size() == 2, a) + " " + a.told);
        admin.createPartitions(Map.of("g-later", NewPartitions.increaseTo(5))).all().get();
        say("topic grows", until(() -> a.has().size() == 5, a) + " " + a.told);
        create("g-later-2", 1);
        say("second topic", until(() -> a.has().size() == 6, a));
        admin.deleteTopics(List.of("g-later")).all().get();
        say("topic is deleted", until(() -> a.has().size() == 1, a) + " " + a.told);
        a.close();
    }

    static void commits() throws Exception {
        create("g-commit", 2);
        fill("g-commit", 2, 40);
        TopicPartition zero = new TopicPartition("g-commit", 0);
        Member a = new Member("g-commit").on("g-commit");
        until(() -> a.values.size() == 40, a);
        a.consumer.commitSync(Map.of(zero, new OffsetAndMetadata(7, Optional.of(0), "here")));
        say("committed", a.consumer.committed(Set.of(zero)));
        say("commit elsewhere", outcome(() -> a.consumer.commitSync(Map.of(new TopicPartition("g-commit", 9), new OffsetAndMetadata(1)), Duration.ofSeconds(2))).replaceAll(" .*", ""));
        say("delete while used", outcome(() -> admin.deleteConsumerGroups(List.of("g-commit")).all().get()));
        say("alter while used", outcome(() -> admin.alterConsumerGroupOffsets("g-commit", Map.of(zero, new OffsetAndMetadata(1))).all().get()));
        say("delete offsets while used", outcome(() -> admin.deleteConsumerGroupOffsets("g-commit", Set.of(zero)).partitionResult(zero).get()));
        a.close();
        Member b = new Member("g-commit").on("g-commit");
        until(() -> b.values.size() == 33, b);
        say("resumed", b.values.size() + " first of 0: " + b.values.stream().filter(v -> Integer.parseInt(v.substring(1)) % 2 == 0).findFirst());
        say("metadata", b.consumer.groupMetadata().groupId() + " " + (b.consumer.groupMetadata().generationId() > 0));
        b.close();
        Member auto = new Member("g-auto", "enable.auto.commit", true, "auto.commit.interval.ms", 100_000).on("g-commit");
        until(() -> auto.values.size() == 40, auto);
        auto.close();
        say("committed when closed", new TreeMap<>(admin.listConsumerGroupOffsets("g-auto").partitionsToOffsetAndMetadata().get().entrySet().stream()
            .collect(Collectors.toMap(e -> e.getKey().partition(), e -> e.getValue().offset()))));
        say("alter when empty", outcome(() -> admin.alterConsumerGroupOffsets("g-commit", Map.of(zero, new OffsetAndMetadata(1))).all().get()));
        say("listed", admin.listGroups(ListGroupsOptions.forConsumerGroups()).all().get().stream().filter(g -> g.groupId().equals("g-commit"))
            .map(g -> g.type() + " " + g.protocol() + " " + g.groupState()).toList());
        say("delete when empty", outcome(() -> admin.deleteConsumerGroups(List.of("g-commit")).all().get()));
        say("described when deleted", outcome(() -> described("g-commit")));
    }

    static void transactions() throws Exception {
        create("g-txn", 1);
        fill("g-txn", 1, 10);
        Member a = new Member("g-txn").on("g-txn");
        until(() -> a.values.size() == 10, a);
        TopicPartition in = new TopicPartition("g-txn", 0);
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "transactional.id", "g-txn"),
                new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(10)), a.consumer.groupMetadata());
            producer.commitTransaction();
            until(() -> { OffsetAndMetadata c = a.consumer.committed(Set.of(in)).get(in); return c != null && c.offset() == 10; }, a);
            say("committed in a transaction", a.consumer.committed(Set.of(in)));
            ConsumerGroupMetadata now = a.consumer.groupMetadata();
            for (ConsumerGroupMetadata other : List.of(new ConsumerGroupMetadata("g-txn", now.generationId() + 9, now.memberId(), Optional.empty()),
                    new ConsumerGroupMetadata("g-txn", now.generationId(), "nobody", Optional.empty()))) {
                producer.beginTransaction();
                say("in a transaction by " + (other.memberId().equals("nobody") ? "nobody" : "a newer one"),
                    outcome(() -> producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(5)), other)).replaceAll(" .*", ""));
                producer.abortTransaction();
            }
        }
        a.close();
    }

    static ConsumerGroupHeartbeatRequestData join(String group, String member, String topic, int rebalanceTimeoutMs) {
        return new ConsumerGroupHeartbeatRequestData().setGroupId(group).setMemberId(member).setRebalanceTimeoutMs(rebalanceTimeoutMs)
            .setSubscribedTopicNames(List.of(topic)).setTopicPartitions(List.of());
    }

    static void silence() throws Exception {
        create("g-silent", 4);
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, "g-silent");
        admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry("consumer.session.timeout.ms", "2000"), AlterConfigOp.OpType.SET)))).all().get();
        Thread.sleep(500);
        Transactions.ask(new Transactions.Raw(join("g-silent", "silent", "g-silent", 60_000), 1));
        Member a = new Member("g-silent").on("g-silent");
        long from = System.currentTimeMillis();
        say("silent one is let go", until(() -> a.has().size() == 4, a) + " in time=" + (System.currentTimeMillis() - from < 8000) + " " + a.told);
        until(() -> isStable("g-silent", 1), a);
        describe("silent one is gone", "g-silent");
        a.close();
        create("g-slow", 4);
        Thread.sleep(1000);
        Transactions.ask(new Transactions.Raw(join("g-slow", "slow", "g-slow", 1000), 1));
        Member b = new Member("g-slow").on("g-slow");
        say("one keeps its partitions too long", keepsOn(b) + " " + b.told);
        b.close();
        create("g-lazy", 2);
        Member lazy = new Member("g-lazy", "max.poll.interval.ms", 1500).on("g-lazy");
        until(() -> lazy.has().size() == 2, lazy);
        lazy.told.clear();
        Member other = new Member("g-lazy").on("g-lazy");
        say("one does not poll", until(() -> other.has().size() == 2, other));
        lazy.poll();
        say("it polls again", lazy.told.get(0) + " " + until(() -> lazy.has().size() == 1 && other.has().size() == 1, lazy, other));
        lazy.close(); other.close();
    }

    /** Another member goes on with heartbeats, but never gives back; the one here has all once the other is fenced. */
    static String keepsOn(Member here) throws Exception {
        int epoch = 2, error = 0;
        long end = System.currentTimeMillis() + 30_000;
        while (here.has().size() < 4 && System.currentTimeMillis() < end) {
            here.poll();
            ConsumerGroupHeartbeatResponseData data = (ConsumerGroupHeartbeatResponseData) Transactions.ask(new Transactions.Raw(
                new ConsumerGroupHeartbeatRequestData().setGroupId("g-slow").setMemberId("slow").setMemberEpoch(epoch), 1));
            error = data.errorCode() == 0 ? error : data.errorCode();
            epoch = data.errorCode() == 0 ? data.memberEpoch() : epoch;
        }
        return here.has().size() + " error=" + error;
    }

    public static void main(String[] args) throws Exception {
        bootstrap = Transactions.bootstrap = args[0];
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
        step("rebalance", ConsumerGroups::rebalance);
        step("range", ConsumerGroups::range);
        step("statics", ConsumerGroups::statics);
        step("patterns", ConsumerGroups::patterns);
        step("topics later", ConsumerGroups::topicsLater);
        step("commits", ConsumerGroups::commits);
        step("transactions", ConsumerGroups::transactions);
        step("silence", ConsumerGroups::silence);
        admin.close();
        System.exit(failed ? 1 : 0);
    }
}
