import java.io.*;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.*;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.requests.*;
import org.apache.kafka.common.serialization.*;
import org.apache.kafka.common.utils.Utils;

/** Transactions by Apache Kafka's own Java client, and by requests no client sends: Transactions BOOTSTRAP. */
public class Transactions {
    interface Step { void run() throws Exception; }

    static String bootstrap;
    static boolean failed;

    static void say(String name, Object value) { System.out.println(name + ": " + value); }

    static void step(String name, Step step) {
        System.err.println("[" + name + "]");
        try { step.run(); } catch (Throwable t) { failed = true; t.printStackTrace(); say(name, "FAILED " + t); }
    }

    static String outcome(Step step) {
        try { step.run(); return "OK"; } catch (ExecutionException e) {
            return e.getCause().getClass().getSimpleName();
        } catch (Throwable t) {
            return t.getClass().getSimpleName() + (t.getCause() == null ? "" : " of " + t.getCause().getClass().getSimpleName());
        }
    }

    static Map<String, Object> config(Object... pairs) {
        Map<String, Object> map = new HashMap<>();
        map.put("bootstrap.servers", bootstrap);
        for (int i = 0; i < pairs.length; i += 2) map.put((String) pairs[i], pairs[i + 1]);
        return map;
    }

    static KafkaProducer<String, String> producer(String id, Object... pairs) {
        Map<String, Object> config = config(pairs);
        config.put("transactional.id", id);
        return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    static KafkaProducer<String, String> begun(String id, Object... pairs) {
        KafkaProducer<String, String> producer = producer(id, pairs);
        producer.initTransactions();
        producer.beginTransaction();
        return producer;
    }

    static KafkaConsumer<String, String> consumer(String isolation, Object... pairs) {
        Map<String, Object> config = config(pairs);
        config.putAll(Map.of("isolation.level", isolation, "auto.offset.reset", "earliest", "enable.auto.commit", false));
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    static void create(Admin admin, String name, int partitions) throws Exception {
        admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
    }

    static RecordMetadata send(KafkaProducer<String, String> producer, String topic, int partition, String value) throws Exception {
        return producer.send(new ProducerRecord<>(topic, partition, null, value)).get();
    }

    /** All that a reader sees from the beginning to the end that it sees: offset=value by partition. */
    static String all(String isolation, String topic, int partitions) {
        try (KafkaConsumer<String, String> consumer = consumer(isolation)) {
            List<TopicPartition> assigned = IntStream.range(0, partitions).mapToObj(p -> new TopicPartition(topic, p)).toList();
            consumer.assign(assigned);
            Map<TopicPartition, Long> ends = consumer.endOffsets(assigned);
            consumer.seekToBeginning(assigned);
            List<String> seen = new ArrayList<>();
            long until = System.currentTimeMillis() + 20_000;
            while (System.currentTimeMillis() < until
                    && assigned.stream().anyMatch(p -> consumer.position(p) < ends.get(p)))
                for (ConsumerRecord<String, String> r : consumer.poll(Duration.ofMillis(100)))
                    seen.add(r.partition() + "/" + r.offset() + "=" + r.value());
            Collections.sort(seen);
            return new TreeMap<>(ends.entrySet().stream().collect(Collectors.toMap(e -> e.getKey().partition(), Map.Entry::getValue))) + " " + seen;
        }
    }

    static <T> T eventually(Supplier<T> look, T wanted) throws InterruptedException {
        long until = System.currentTimeMillis() + 20_000;
        T seen = look.get();
        while (!wanted.equals(seen) && System.currentTimeMillis() < until) { Thread.sleep(20); seen = look.get(); }
        return seen;
    }

    static String state(Admin admin, String id) {
        try { return admin.describeTransactions(List.of(id)).description(id).get().state().toString(); }
        catch (Exception e) { return e.getCause().getClass().getSimpleName(); }
    }

    static void commitAndAbort(Admin admin) throws Exception {
        create(admin, "t-ends", 2);
        KafkaProducer<String, String> producer = begun("t-ends");
        for (int i = 0; i < 4; i++) send(producer, "t-ends", i % 2, "committed" + i);
        say("open, committed reader", all("read_committed", "t-ends", 2));
        say("open, any reader", all("read_uncommitted", "t-ends", 2));
        TransactionDescription open = admin.describeTransactions(List.of("t-ends")).description("t-ends").get();
        say("described open", open.state() + " epoch=" + open.producerEpoch() + " timeout=" + open.transactionTimeoutMs()
            + " started=" + open.transactionStartTimeMs().isPresent() + " " + new TreeSet<>(open.topicPartitions().stream().map(Object::toString).toList()));
        producer.commitTransaction();
        say("commit ends in", eventually(() -> state(admin, "t-ends"), "CompleteCommit"));
        say("committed, committed reader", all("read_committed", "t-ends", 2));
        producer.beginTransaction();
        for (int i = 0; i < 2; i++) send(producer, "t-ends", i, "aborted" + i);
        producer.abortTransaction();
        say("abort ends in", eventually(() -> state(admin, "t-ends"), "CompleteAbort"));
        say("aborted, committed reader", all("read_committed", "t-ends", 2));
        say("aborted, any reader", all("read_uncommitted", "t-ends", 2));
        producer.beginTransaction();
        producer.commitTransaction();
        producer.beginTransaction();
        producer.abortTransaction();
        say("empty ones end in", state(admin, "t-ends"));
        for (int i = 0; i < 20; i++) {
            producer.beginTransaction();
            send(producer, "t-ends", 0, "n" + i);
            if (i % 3 == 0) producer.abortTransaction(); else producer.commitTransaction();
        }
        eventually(() -> state(admin, "t-ends"), "CompleteCommit");
        say("many, committed reader", all("read_committed", "t-ends", 2));
        say("epoch after many", admin.describeTransactions(List.of("t-ends")).description("t-ends").get().producerEpoch());
        producer.close();
    }

    static void interleaved(Admin admin) throws Exception {
        create(admin, "t-two", 1);
        KafkaProducer<String, String> a = begun("t-a"), b = begun("t-b");
        send(a, "t-two", 0, "a0"); send(b, "t-two", 0, "b0"); send(a, "t-two", 0, "a1");
        b.commitTransaction();
        eventually(() -> state(admin, "t-b"), "CompleteCommit");
        say("interleaved, one open", all("read_committed", "t-two", 1));
        a.abortTransaction();
        eventually(() -> state(admin, "t-a"), "CompleteAbort");
        say("interleaved, both ended", all("read_committed", "t-two", 1));
        a.close(); b.close();
    }

    static void fencing(Admin admin) throws Exception {
        create(admin, "t-fence", 1);
        KafkaProducer<String, String> old = begun("t-fence"), young = producer("t-fence");
        send(old, "t-fence", 0, "old");
        young.initTransactions();
        say("zombie sends", outcome(() -> send(old, "t-fence", 0, "zombie")));
        say("zombie commits", outcome(old::commitTransaction));
        young.beginTransaction();
        send(young, "t-fence", 0, "young");
        young.commitTransaction();
        eventually(() -> state(admin, "t-fence"), "CompleteCommit");
        say("fenced, committed reader", all("read_committed", "t-fence", 1));
        old.close(Duration.ZERO);
        say("admin fences", outcome(() -> admin.fenceProducers(List.of("t-fence")).all().get()));
        young.beginTransaction();
        say("fenced by admin sends", outcome(() -> send(young, "t-fence", 0, "late")));
        young.close(Duration.ZERO);
        say("timeout too large", outcome(() -> producer("t-long", "transaction.timeout.ms", 900_001).initTransactions()));
    }

    static void copying(Admin admin) throws Exception {
        create(admin, "t-in", 1);
        create(admin, "t-out", 1);
        try (KafkaProducer<String, String> input = new KafkaProducer<>(config(), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 30; i++) send(input, "t-in", 0, "v" + i);
        }
        KafkaProducer<String, String> producer = producer("t-copy");
        producer.initTransactions();
        KafkaConsumer<String, String> consumer = consumer("read_committed", "group.id", "t-group", "max.poll.records", 10);
        consumer.subscribe(List.of("t-in"));
        TopicPartition in = new TopicPartition("t-in", 0);
        int copied = 0, turn = 0;
        while (copied < 30) {
            ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
            if (records.isEmpty()) continue;
            producer.beginTransaction();
            for (ConsumerRecord<String, String> r : records) send(producer, "t-out", 0, r.value());
            long next = records.nextOffsets().get(in).offset();
            producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(next)), consumer.groupMetadata());
            if (turn++ == 1) {
                say("pending offsets, committed", outcome(() -> consumer.committed(Set.of(in), Duration.ofSeconds(1))));
                producer.abortTransaction();
                consumer.seek(in, consumer.committed(Set.of(in)).get(in).offset());
                continue;
            }
            producer.commitTransaction();
            copied += records.count();
        }
        say("copied, committed offset", consumer.committed(Set.of(in)).get(in).offset());
        eventually(() -> state(admin, "t-copy"), "CompleteCommit");
        say("copied, committed reader", all("read_committed", "t-out", 1).replaceAll("\\d+/\\d+=", "").hashCode() + " "
            + all("read_committed", "t-out", 1).split(",").length);
        producer.beginTransaction();
        say("stale generation", outcome(() -> producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(1)),
            new ConsumerGroupMetadata("t-group", 99, consumer.groupMetadata().memberId(), Optional.empty()))));
        producer.abortTransaction();
        producer.beginTransaction();
        say("unknown member", outcome(() -> producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(1)),
            new ConsumerGroupMetadata("t-group", 1, "nobody", Optional.empty()))));
        producer.abortTransaction();
        producer.beginTransaction();
        producer.sendOffsetsToTransaction(Map.of(in, new OffsetAndMetadata(7)), new ConsumerGroupMetadata("t-simple"));
        producer.commitTransaction();
        eventually(() -> state(admin, "t-copy"), "CompleteCommit");
        say("simple group", admin.listConsumerGroupOffsets("t-simple").partitionsToOffsetAndMetadata().get());
        consumer.close();
        producer.close();
    }

    static void timeouts(Admin admin) throws Exception {
        create(admin, "t-slow", 1);
        KafkaProducer<String, String> producer = begun("t-slow", "transaction.timeout.ms", 1000);
        send(producer, "t-slow", 0, "slow");
        say("timed out ends in", eventually(() -> state(admin, "t-slow"), "CompleteAbort"));
        say("timed out, committed reader", all("read_committed", "t-slow", 1));
        say("timed out producer sends", outcome(() -> send(producer, "t-slow", 0, "later")));
        say("timed out producer aborts", outcome(producer::abortTransaction));
        producer.close(Duration.ZERO);
    }

    static void admin(Admin admin) throws Exception {
        create(admin, "t-admin", 1);
        KafkaProducer<String, String> producer = begun("t-admin");
        RecordMetadata sent = send(producer, "t-admin", 0, "x");
        Supplier<Set<String>> open = () -> {
            try { return admin.listTransactions(new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING)))
                .all().get().stream().map(t -> t.transactionalId() + " " + t.state()).collect(Collectors.toCollection(TreeSet::new)); }
            catch (Exception e) { return Set.of(e.toString()); }
        };
        say("listed open", open.get());
        say("listed by pattern", admin.listTransactions(new ListTransactionsOptions().filterOnTransactionalIdPattern("t-(admin|fence)"))
            .all().get().stream().map(TransactionListing::transactionalId).sorted().toList());
        say("listed by bad pattern", outcome(() -> admin.listTransactions(new ListTransactionsOptions().filterOnTransactionalIdPattern("(")).all().get()));
        say("listed by duration", admin.listTransactions(new ListTransactionsOptions().filterOnDuration(3_600_000)
            .filterStates(Set.of(TransactionState.ONGOING))).all().get().size());
        say("described absent", state(admin, "t-nobody"));
        TopicPartition tp = new TopicPartition("t-admin", 0);
        ProducerState active = admin.describeProducers(List.of(tp)).partitionResult(tp).get().activeProducers().get(0);
        say("active producer", "epoch=" + active.producerEpoch() + " sequence=" + active.lastSequence() + " coordinator="
            + active.coordinatorEpoch() + " start=" + active.currentTransactionStartOffset());
        say("aborted by admin", outcome(() -> admin.abortTransaction(new AbortTransactionSpec(tp, active.producerId(),
            (short) active.producerEpoch(), active.coordinatorEpoch().orElse(0))).all().get()));
        say("after abort by admin", all("read_committed", "t-admin", 1));
        say("terminated by admin", outcome(() -> admin.forceTerminateTransaction("t-admin").result().get()));
        producer.close(Duration.ZERO);
    }

    // Requests that no client sends.

    record Raw(ApiMessage message, int version) {}

    static ApiMessage ask(Raw request) throws Exception {
        String[] address = bootstrap.split(":");
        ApiKeys key = ApiKeys.forId(request.message.apiKey());
        short version = (short) request.version;
        RequestHeader header = new RequestHeader(key, version, "raw", 7);
        try (Socket socket = new Socket(address[0], Integer.parseInt(address[1]))) {
            socket.setSoTimeout(10_000);
            ByteBuffer head = MessageUtil.toByteBufferAccessor(header.data(), header.headerVersion()).buffer();
            ByteBuffer body = MessageUtil.toByteBufferAccessor(request.message, version).buffer();
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
        } catch (EOFException e) { return null; }
    }

    /** The answer without the ids that differ between brokers: ours, and the ones after it. */
    static String plain(String data, long producerId) {
        return data.replace("throttleTimeMs=0, ", "").replace("roducerId=" + producerId, "roducerId=P")
            .replaceAll("roducerId=([0-9]+)", "roducerId=other").replaceAll("transactionStartTimeMs=\\d+", "transactionStartTimeMs=T");
    }

    static void raw(String name, Raw request, long producerId) throws Exception {
        say("raw " + name + " v" + request.version(), plain(String.valueOf(ask(request)), producerId));
    }

    static Raw init(int version, String id, int timeout, long pid, int epoch, boolean twoPc, boolean keep) {
        return new Raw(new InitProducerIdRequestData().setTransactionalId(id).setTransactionTimeoutMs(timeout)
            .setProducerId(pid).setProducerEpoch((short) epoch).setEnable2Pc(twoPc).setKeepPreparedTxn(keep), version);
    }

    /** A transactional id in epoch 1 at least, so that there is one below it. */
    static InitProducerIdResponseData initialized(String id) throws Exception {
        ask(init(5, id, 60_000, -1, -1, false, false));
        while (true) {
            InitProducerIdResponseData data = (InitProducerIdResponseData) ask(init(5, id, 60_000, -1, -1, false, false));
            if (data.errorCode() == 0) return data;
            Thread.sleep(20);
        }
    }

    static Raw add(int version, String id, long pid, int epoch, String topic, int... partitions) {
        AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic t = new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic()
            .setName(topic).setPartitions(IntStream.of(partitions).boxed().toList());
        return new Raw(new AddPartitionsToTxnRequestData().setV3AndBelowTransactionalId(id)
            .setV3AndBelowProducerId(pid).setV3AndBelowProducerEpoch((short) epoch)
            .setV3AndBelowTopics(new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection(List.of(t).iterator())), version);
    }

    static Raw brokers(int version, boolean verify, String id, long pid, int epoch, String topic, int... partitions) {
        AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic t = new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic()
            .setName(topic).setPartitions(IntStream.of(partitions).boxed().toList());
        return new Raw(new AddPartitionsToTxnRequestData().setTransactions(
            new AddPartitionsToTxnRequestData.AddPartitionsToTxnTransactionCollection(List.of(
                new AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction().setTransactionalId(id).setProducerId(pid)
                    .setProducerEpoch((short) epoch).setVerifyOnly(verify)
                    .setTopics(new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection(List.of(t).iterator()))).iterator())), version);
    }

    static Raw end(int version, String id, long pid, int epoch, boolean commit) {
        return new Raw(new EndTxnRequestData().setTransactionalId(id).setProducerId(pid)
            .setProducerEpoch((short) epoch).setCommitted(commit), version);
    }

    static Raw produce(int version, String id, long pid, int epoch, int sequence, boolean transactional, String topic, Uuid topicId) {
        SimpleRecord record = new SimpleRecord("v".getBytes());
        MemoryRecords records = transactional
            ? MemoryRecords.withTransactionalRecords(Compression.NONE, pid, (short) epoch, sequence, record)
            : MemoryRecords.withIdempotentRecords(Compression.NONE, pid, (short) epoch, sequence, record);
        ProduceRequestData.TopicProduceData data = new ProduceRequestData.TopicProduceData().setPartitionData(List.of(
            new ProduceRequestData.PartitionProduceData().setIndex(0).setRecords(records)));
        if (version >= 13) data.setTopicId(topicId); else data.setName(topic);
        return new Raw(new ProduceRequestData().setTransactionalId(id).setAcks((short) -1).setTimeoutMs(5000)
            .setTopicData(new ProduceRequestData.TopicProduceDataCollection(List.of(data).iterator())), version);
    }

    /** Only the part of a Produce answer that does not name topics by id. */
    static void rawProduce(String name, Raw request) throws Exception {
        ApiMessage data = ask(request);
        String told = data instanceof ProduceResponseData d ? d.responses().stream().flatMap(t -> t.partitionResponses().stream())
            .map(p -> Errors.forCode(p.errorCode()) + " offset=" + p.baseOffset() + " message=" + p.errorMessage())
            .collect(Collectors.joining()) : String.valueOf(data);
        say("raw produce " + name + " v" + request.version(), told);
    }

    static Raw offsets(int version, String id, long pid, int epoch, String group, String topic, int... partitions) {
        return new Raw(new TxnOffsetCommitRequestData().setTransactionalId(id).setGroupId(group).setProducerId(pid)
            .setProducerEpoch((short) epoch).setTopics(List.of(new TxnOffsetCommitRequestData.TxnOffsetCommitRequestTopic().setName(topic)
                .setPartitions(IntStream.of(partitions).mapToObj(p -> new TxnOffsetCommitRequestData.TxnOffsetCommitRequestPartition()
                    .setPartitionIndex(p).setCommittedOffset(5)).toList()))), version);
    }

    static Raw marker(int version, long pid, int epoch, int coordinatorEpoch, boolean commit, int tv, String topic, int... partitions) {
        return new Raw(new WriteTxnMarkersRequestData().setMarkers(List.of(
            new WriteTxnMarkersRequestData.WritableTxnMarker().setProducerId(pid).setProducerEpoch((short) epoch).setCoordinatorEpoch(coordinatorEpoch)
                .setTransactionResult(commit).setTransactionVersion((byte) tv).setTopics(List.of(new WriteTxnMarkersRequestData.WritableTxnMarkerTopic()
                    .setName(topic).setPartitionIndexes(IntStream.of(partitions).boxed().toList()))))), version);
    }

    static void rawInit() throws Exception {
        raw("init empty id", init(5, "", 60_000, -1, -1, false, false), -1);
        raw("init no timeout", init(5, "r-init", 0, -1, -1, false, false), -1);
        raw("init long timeout", init(5, "r-init", 900_001, -1, -1, false, false), -1);
        raw("init id only", init(5, "r-init", 60_000, 5, -1, false, false), -1);
        raw("init epoch only", init(5, "r-init", 60_000, -1, 5, false, false), -1);
        raw("init null with id only", init(5, null, 60_000, 5, -1, false, false), -1);
        raw("init null id no timeout", init(5, null, 0, -1, -1, false, false), -1);
        raw("init unstable", init(6, "r-init", 60_000, -1, -1, true, false), -1);
        InitProducerIdResponseData first = initialized("r-init");
        long pid = first.producerId();
        for (int version = 0; version <= 5; version++) raw("init again", init(version, "r-init", 60_000, -1, -1, false, false), pid);
        raw("init with current", init(5, "r-init", 60_000, pid, 7, false, false), pid);
        raw("init with last", init(5, "r-init", 60_000, pid, 7, false, false), pid);
        raw("init with older", init(5, "r-init", 60_000, pid, 2, false, false), pid);
        raw("init with older", init(3, "r-init", 60_000, pid, 2, false, false), pid);
        raw("init with newer", init(5, "r-init", 60_000, pid, 99, false, false), pid);
        raw("init with other id", init(5, "r-init", 60_000, pid + 1_000_000, 6, false, false), pid);
        raw("init new with expected", init(5, "r-init-new", 60_000, 77, 3, false, false), pid);
    }

    static void rawAddAndEnd(Admin admin) throws Exception {
        create(admin, "r-topic", 2);
        InitProducerIdResponseData first = initialized("r-add");
        long pid = first.producerId();
        int epoch = first.producerEpoch();
        for (int version : new int[] {0, 3}) {
            raw("add unknown id", add(version, "r-nobody", pid, epoch, "r-topic", 0), pid);
            raw("add empty id", add(version, "", pid, epoch, "r-topic", 0), pid);
            raw("add other producer", add(version, "r-add", pid + 1, epoch, "r-topic", 0), pid);
            raw("add old epoch", add(version, "r-add", pid, epoch - 1, "r-topic", 0), pid);
            raw("add new epoch", add(version, "r-add", pid, epoch + 1, "r-topic", 0), pid);
            raw("add unknown partition", add(version, "r-add", pid, epoch, "r-topic", 0, 9), pid);
        }
        raw("offsets unknown id", new Raw(new AddOffsetsToTxnRequestData().setTransactionalId("r-nobody").setProducerId(pid)
            .setProducerEpoch((short) epoch).setGroupId("g"), 4), pid);
        for (int version : new int[] {1, 4}) raw("offsets old epoch", new Raw(new AddOffsetsToTxnRequestData()
            .setTransactionalId("r-add").setProducerId(pid).setProducerEpoch((short) (epoch - 1)).setGroupId("g"), version), pid);
        raw("brokers verify before", brokers(5, true, "r-add", pid, epoch, "r-topic", 0), pid);
        for (int version : new int[] {0, 4, 5}) {
            raw("end empty commit", end(version, "r-add", pid, epoch, true), pid);
            raw("end unknown id", end(version, "r-nobody", pid, epoch, true), pid);
            raw("end empty id", end(version, "", pid, epoch, true), pid);
            raw("end other producer", end(version, "r-add", pid + 1, epoch, true), pid);
            raw("end old epoch", end(version, "r-add", pid, epoch - 1, true), pid);
            raw("end new epoch", end(version, "r-add", pid, epoch + 1, true), pid);
        }
        raw("end empty abort", end(4, "r-add", pid, epoch, false), pid);
        raw("add", add(3, "r-add", pid, epoch, "r-topic", 0), pid);
        raw("add again", add(3, "r-add", pid, epoch, "r-topic", 0), pid);
        raw("brokers verify", brokers(5, true, "r-add", pid, epoch, "r-topic", 0), pid);
        raw("brokers verify other", brokers(5, true, "r-add", pid, epoch, "r-topic", 1), pid);
        raw("brokers verify both", brokers(4, true, "r-add", pid, epoch, "r-topic", 0, 1), pid);
        raw("brokers verify absent", brokers(4, true, "r-add", pid, epoch, "r-absent", 0), pid);
        raw("brokers verify unknown id", brokers(4, true, "r-nobody", pid, epoch, "r-topic", 0), pid);
        raw("brokers verify old epoch", brokers(4, true, "r-add", pid, epoch - 1, "r-topic", 0), pid);
        raw("end commit", end(4, "r-add", pid, epoch, true), pid);
        eventually(() -> state(admin, "r-add"), "CompleteCommit");
        raw("end commit again", end(4, "r-add", pid, epoch, true), pid);
        raw("end abort after commit", end(4, "r-add", pid, epoch, false), pid);
        raw("describe", new Raw(new DescribeTransactionsRequestData()
            .setTransactionalIds(List.of("r-add", "r-nobody", "")), 0), pid);
        raw("list unknown state", new Raw(new ListTransactionsRequestData()
            .setStateFilters(List.of("Nonsense", "Dead")), 2), pid);
    }

    static void rawBump(Admin admin) throws Exception {
        InitProducerIdResponseData first = initialized("r-bump");
        long pid = first.producerId();
        int epoch = first.producerEpoch();
        raw("bump abort of nothing", end(5, "r-bump", pid, epoch, false), pid);
        eventually(() -> state(admin, "r-bump"), "CompleteAbort");
        raw("bump abort repeated", end(5, "r-bump", pid, epoch, false), pid);
        raw("bump commit repeated as abort", end(5, "r-bump", pid, epoch, true), pid);
        raw("bump commit of nothing", end(5, "r-bump", pid, epoch + 1, true), pid);
        raw("bump add by broker", brokers(5, false, "r-bump", pid, epoch + 1, "r-topic", 0, 1), pid);
        raw("bump commit", end(5, "r-bump", pid, epoch + 1, true), pid);
        eventually(() -> state(admin, "r-bump"), "CompleteCommit");
        raw("bump commit repeated", end(5, "r-bump", pid, epoch + 1, true), pid);
        raw("bump abort of commit repeated", end(5, "r-bump", pid, epoch + 1, false), pid);
        raw("bump old epoch", end(5, "r-bump", pid, epoch, true), pid);
        raw("bump add old epoch", brokers(5, false, "r-bump", pid, epoch, "r-topic", 0), pid);
    }

    static void rawProduceAll(Admin admin) throws Exception {
        create(admin, "r-data", 1);
        Uuid topicId = admin.describeTopics(List.of("r-data")).allTopicNames().get().get("r-data").topicId();
        InitProducerIdResponseData first = initialized("r-produce");
        long pid = first.producerId();
        int epoch = first.producerEpoch();
        for (int version : new int[] {7, 9, 11, 12, 13}) {
            rawProduce("nameless", produce(version, null, pid, epoch, 0, true, "r-data", topicId));
            rawProduce("unknown id", produce(version, "r-nobody", pid, epoch, 0, true, "r-data", topicId));
        }
        for (int version : new int[] {9, 10, 11}) rawProduce("not added", produce(version, "r-produce", pid, epoch, 0, true, "r-data", topicId));
        rawProduce("old epoch", produce(11, "r-produce", pid, epoch - 1, 0, true, "r-data", topicId));
        rawProduce("added by broker", produce(12, "r-produce", pid, epoch, 0, true, "r-data", topicId));
        rawProduce("goes on", produce(11, "r-produce", pid, epoch, 1, true, "r-data", topicId));
        rawProduce("duplicate", produce(12, "r-produce", pid, epoch, 1, true, "r-data", topicId));
        rawProduce("gap", produce(12, "r-produce", pid, epoch, 9, true, "r-data", topicId));
        rawProduce("outside of it", produce(12, null, pid, epoch, 2, false, "r-data", topicId));
        raw("end of it", end(5, "r-produce", pid, epoch, true), pid);
        eventually(() -> state(admin, "r-produce"), "CompleteCommit");
        rawProduce("after the end", produce(12, "r-produce", pid, epoch, 2, true, "r-data", topicId));
        rawProduce("after the end", produce(11, "r-produce", pid, epoch, 2, true, "r-data", topicId));
        rawProduce("new epoch, gap", produce(12, "r-produce", pid, epoch + 1, 3, true, "r-data", topicId));
        rawProduce("new epoch", produce(13, "r-produce", pid, epoch + 1, 0, true, "r-data", topicId));
        raw("abort of it", end(5, "r-produce", pid, epoch + 1, false), pid);
        eventually(() -> state(admin, "r-produce"), "CompleteAbort");
        say("raw produced, committed reader", all("read_committed", "r-data", 1));
    }

    static void rawOffsetsAndMarkers(Admin admin) throws Exception {
        InitProducerIdResponseData first = initialized("r-offsets");
        long pid = first.producerId();
        int epoch = first.producerEpoch();
        for (int version : new int[] {0, 3, 4, 5}) {
            raw("commit unknown id", offsets(version, "r-nobody", pid, epoch, "r-group", "r-data", 0), pid);
            raw("commit unknown partition", offsets(version, "r-offsets", pid, epoch, "r-group", "r-data", 9), pid);
            raw("commit no group", offsets(version, "r-offsets", pid, epoch, "", "r-data", 0), pid);
            raw("commit old epoch", offsets(version, "r-offsets", pid, epoch - 1, "r-group", "r-data", 0), pid);
        }
        for (int version : new int[] {0, 3, 4}) raw("commit not added", offsets(version, "r-offsets", pid, epoch, "r-group", "r-data", 0), pid);
        raw("commit added by broker", offsets(5, "r-offsets", pid, epoch, "r-group", "r-data", 0), pid);
        raw("commit goes on", offsets(3, "r-offsets", pid, epoch, "r-group", "r-data", 0, 7), pid);
        raw("commit ends", end(5, "r-offsets", pid, epoch, true), pid);
        eventually(() -> state(admin, "r-offsets"), "CompleteCommit");
        say("raw committed", admin.listConsumerGroupOffsets("r-group").partitionsToOffsetAndMetadata().get());
        raw("marker absent", marker(1, pid, epoch, 0, true, 0, "r-absent", 0), pid);
        raw("marker no transaction", marker(1, 4242, 0, 0, true, 0, "r-data", 0), pid);
        raw("marker old epoch", marker(1, pid, epoch, 0, true, 0, "r-data", 0), pid);
        raw("marker bumped", marker(2, 4242, 1, 3, false, 2, "r-data", 0), pid);
        raw("marker bumped again", marker(2, 4242, 1, 3, false, 2, "r-data", 0), pid);
        raw("marker old coordinator", marker(2, 4242, 2, 2, false, 2, "r-data", 0), pid);
        raw("marker old bumped epoch", marker(2, 4242, 0, 3, false, 2, "r-data", 0), pid);
        raw("marker of nothing", new Raw(new WriteTxnMarkersRequestData(), 2), pid);
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        try (Admin admin = Admin.create(config())) {
            step("commit and abort", () -> commitAndAbort(admin));
            step("interleaved", () -> interleaved(admin));
            step("fencing", () -> fencing(admin));
            step("copying", () -> copying(admin));
            step("timeouts", () -> timeouts(admin));
            step("admin", () -> admin(admin));
            step("raw init", Transactions::rawInit);
            step("raw add and end", () -> rawAddAndEnd(admin));
            step("raw bump", () -> rawBump(admin));
            step("raw produce", () -> rawProduceAll(admin));
            step("raw offsets and markers", () -> rawOffsetsAndMarkers(admin));
        }
        System.exit(failed ? 1 : 0);
    }
}
