import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.*;
import java.io.*;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.ExecutionException;
import java.util.stream.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.metrics.KafkaMetric;
import org.apache.kafka.common.metrics.MetricsReporter;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.requests.*;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.telemetry.internals.ClientTelemetryUtils;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.server.telemetry.*;
import org.apache.kafka.shaded.com.google.protobuf.*;
import org.apache.kafka.shaded.io.opentelemetry.proto.common.v1.*;
import org.apache.kafka.shaded.io.opentelemetry.proto.metrics.v1.*;
import org.apache.kafka.shaded.io.opentelemetry.proto.resource.v1.Resource;

/**
 * Client telemetry (KIP-714) by requests no client sends and by the Java client: Telemetry BOOTSTRAP.
 * The broker writes what it receives below the working directory: Apache Kafka by the plug-in in here, Ottla by itself.
 */
public class Telemetry {
    static final ObjectMapper JSON = new ObjectMapper();
    static String bootstrap;

    static void say(String name, Object value) { System.out.println(name + ": " + value); }

    // What is received.

    /** The plug-in of Apache Kafka: writes each push as a line of OTLP's JSON, with the labels KIP-714 asks for. */
    public static class Reporter implements MetricsReporter, ClientTelemetryExporterProvider {
        private String node;
        private Path file;

        public void configure(Map<String, ?> configs) {
            node = String.valueOf(configs.get("node.id"));
            file = Path.of(String.valueOf(configs.get("telemetry.test.file")));
        }
        public void init(List<KafkaMetric> metrics) {}
        public void metricChange(KafkaMetric metric) {}
        public void metricRemoval(KafkaMetric metric) {}
        public void close() {}

        public ClientTelemetryExporter clientTelemetryExporter() {
            return (context, payload) -> {
                RequestContext request = (RequestContext) context.authorizableRequestContext();
                try {
                    JsonNode line = tree(MetricsData.parseFrom(payload.data()));
                    for (JsonNode one : line.path("resourceMetrics")) {
                        ObjectNode resource = ((ObjectNode) one).withObject("/resource");
                        ArrayNode attributes = resource.withArray("attributes");
                        label(attributes, "client_id", request.clientId());
                        label(attributes, "client_instance_id", payload.clientInstanceId().toString());
                        label(attributes, "client_software_name", request.clientInformation.softwareName());
                        label(attributes, "client_software_version", request.clientInformation.softwareVersion());
                        label(attributes, "client_source_address", request.clientAddress().getHostAddress());
                        label(attributes, "client_source_port", String.valueOf(request.clientPort.get()));
                        label(attributes, "broker_id", node);
                    }
                    synchronized (this) {
                        Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                    }
                } catch (IOException e) { throw new UncheckedIOException(e); }
            };
        }

        static void label(ArrayNode attributes, String name, String value) {
            attributes.addObject().put("key", name).putObject("value").put("stringValue", value);
        }
    }

    /** A protobuf message as the JSON that protobuf defines for it, with enumerations as numbers. */
    static ObjectNode tree(org.apache.kafka.shaded.com.google.protobuf.Message message) {
        ObjectNode tree = JSON.createObjectNode();
        message.getAllFields().forEach((field, value) -> {
            if (!field.isRepeated()) { tree.set(field.getJsonName(), leaf(field, value)); return; }
            ArrayNode array = tree.putArray(field.getJsonName());
            ((List<?>) value).forEach(one -> array.add(leaf(field, one)));
        });
        return tree;
    }

    static JsonNode leaf(Descriptors.FieldDescriptor field, Object value) {
        return switch (field.getJavaType()) {
            case MESSAGE -> tree((org.apache.kafka.shaded.com.google.protobuf.Message) value);
            case LONG -> TextNode.valueOf(field.getType() == Descriptors.FieldDescriptor.Type.FIXED64 || field.getType() == Descriptors.FieldDescriptor.Type.UINT64
                ? Long.toUnsignedString((Long) value) : value.toString());
            case ENUM -> IntNode.valueOf(((Descriptors.EnumValueDescriptor) value).getNumber());
            case BYTE_STRING -> TextNode.valueOf(Base64.getEncoder().encodeToString(((ByteString) value).toByteArray()));
            case DOUBLE -> Double.isFinite((Double) value) ? DoubleNode.valueOf((Double) value) : TextNode.valueOf(value.toString());
            case INT -> IntNode.valueOf((Integer) value);
            case BOOLEAN -> BooleanNode.valueOf((Boolean) value);
            default -> TextNode.valueOf(value.toString());
        };
    }

    static String sorted(JsonNode node) {
        if (node.isArray()) return StreamSupport.stream(node.spliterator(), false).map(Telemetry::sorted).toList().toString();
        if (!node.isObject()) return node.toString();
        TreeMap<String, String> map = new TreeMap<>();
        node.fields().forEachRemaining(e -> map.put(e.getKey(), sorted(e.getValue())));
        return map.toString();
    }

    /** The lines received from a client, by the name it has. */
    static List<JsonNode> received(String client) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        for (String name : List.of("received.jsonl", "client-metrics-1.jsonl")) {
            Path file = Path.of("telemetry", name);
            if (!Files.exists(file)) continue;
            for (String line : Files.readAllLines(file)) {
                JsonNode read = JSON.readTree(line);
                if (client.equals(attribute(read, "client_id"))) found.add(read);
            }
        }
        return found;
    }

    static String attribute(JsonNode line, String name) {
        for (JsonNode attribute : line.at("/resourceMetrics/0/resource/attributes"))
            if (attribute.path("key").asText().equals(name)) return attribute.at("/value/stringValue").asText();
        return null;
    }

    static <T> T until(java.util.concurrent.Callable<T> look) throws Exception {
        for (long end = System.currentTimeMillis() + 30_000; ; Thread.sleep(50)) {
            T found = look.call();
            if (found != null) return found;
            if (System.currentTimeMillis() > end) throw new IllegalStateException("nothing after 30 s");
        }
    }

    // Requests that no client sends.

    /** A connection; a client is forgotten with it. */
    static class Wire implements AutoCloseable {
        final Socket socket;
        final String client;

        Wire(String client) throws Exception {
            String[] address = bootstrap.split(":");
            this.client = client;
            socket = new Socket(address[0], Integer.parseInt(address[1]));
            socket.setSoTimeout(10_000);
        }

        Wire named(String name, String version) throws Exception {
            ask(new ApiVersionsRequestData().setClientSoftwareName(name).setClientSoftwareVersion(version), 4);
            return this;
        }

        ApiMessage ask(ApiMessage message, int number) throws Exception {
            short version = (short) number;
            ApiKeys key = ApiKeys.forId(message.apiKey());
            RequestHeader header = new RequestHeader(key, version, client, 7);
            ByteBuffer head = MessageUtil.toByteBufferAccessor(header.data(), header.headerVersion()).buffer();
            ByteBuffer body = MessageUtil.toByteBufferAccessor(message, version).buffer();
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            ByteBuffer frame = ByteBuffer.allocate(4 + head.remaining() + body.remaining());
            frame.putInt(head.remaining() + body.remaining()).put(head).put(body);
            out.write(frame.array());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            ByteBufferAccessor readable = new ByteBufferAccessor(ByteBuffer.wrap(answer));
            new ResponseHeaderData().read(readable, key.responseHeaderVersion(version));
            ApiMessage response = ApiMessageType.fromApiKey(key.id).newResponse();
            response.read(readable, version);
            return response;
        }

        GetTelemetrySubscriptionsResponseData get(Uuid id) throws Exception {
            return (GetTelemetrySubscriptionsResponseData) ask(new GetTelemetrySubscriptionsRequestData().setClientInstanceId(id), 0);
        }

        String push(Uuid id, int subscription, boolean last, int codec, ByteBuffer metrics) throws Exception {
            PushTelemetryResponseData answer = (PushTelemetryResponseData) ask(new PushTelemetryRequestData().setClientInstanceId(id)
                .setSubscriptionId(subscription).setTerminating(last).setCompressionType((byte) codec).setMetrics(metrics), 0);
            return Errors.forCode(answer.errorCode()) + " " + answer.throttleTimeMs();
        }

        public void close() throws IOException { socket.close(); }
    }

    static Uuid id(int number) { return new Uuid(0x1234_5678_9abcL, number); }

    static KeyValue attribute(String key, AnyValue.Builder value) { return KeyValue.newBuilder().setKey(key).setValue(value).build(); }

    /** Every kind of metric, and of attribute. */
    static MetricsData everything() {
        AnyValue.Builder list = AnyValue.newBuilder().setArrayValue(ArrayValue.newBuilder().addValues(AnyValue.newBuilder().setIntValue(-7))
            .addValues(AnyValue.newBuilder().setKvlistValue(KeyValueList.newBuilder().addValues(attribute("in", AnyValue.newBuilder().setBoolValue(true))))));
        NumberDataPoint point = NumberDataPoint.newBuilder().setStartTimeUnixNano(1).setTimeUnixNano(-1L).setAsDouble(1e300).setFlags(3)
            .addAttributes(attribute("quote \" \\ \n ü", list)).addAttributes(attribute("bytes", AnyValue.newBuilder().setBytesValue(ByteString.copyFrom(new byte[] {1, 2, -1, 0})))).build();
        Metric gauge = Metric.newBuilder().setName("gauge").setUnit("s").setDescription("d").setGauge(Gauge.newBuilder().addDataPoints(point)
            .addDataPoints(NumberDataPoint.newBuilder().setAsInt(Long.MIN_VALUE)).addDataPoints(NumberDataPoint.newBuilder().setAsDouble(Double.NaN))).build();
        Metric sum = Metric.newBuilder().setName("sum").setSum(Sum.newBuilder().setIsMonotonic(true)
            .setAggregationTemporality(AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA).addDataPoints(NumberDataPoint.newBuilder().setAsInt(5))).build();
        Metric histogram = Metric.newBuilder().setName("histogram").setHistogram(Histogram.newBuilder().addDataPoints(HistogramDataPoint.newBuilder()
            .setCount(3).setSum(0.5).addBucketCounts(1).addBucketCounts(2).addExplicitBounds(0.25).setMin(-0.0).setMax(Double.NEGATIVE_INFINITY))).build();
        Metric exponential = Metric.newBuilder().setName("exponential").setExponentialHistogram(ExponentialHistogram.newBuilder().addDataPoints(
            ExponentialHistogramDataPoint.newBuilder().setScale(-3).setZeroCount(1).setPositive(ExponentialHistogramDataPoint.Buckets.newBuilder()
                .setOffset(-2).addBucketCounts(300).addBucketCounts(-1L)))).build();
        Metric summary = Metric.newBuilder().setName("summary").setSummary(Summary.newBuilder().addDataPoints(SummaryDataPoint.newBuilder()
            .addQuantileValues(SummaryDataPoint.ValueAtQuantile.newBuilder().setQuantile(0.5).setValue(12)))).build();
        ScopeMetrics scope = ScopeMetrics.newBuilder().setScope(InstrumentationScope.newBuilder().setName("scope").setVersion("1"))
            .addMetrics(gauge).addMetrics(sum).addMetrics(histogram).addMetrics(exponential).addMetrics(summary).build();
        return MetricsData.newBuilder().addResourceMetrics(ResourceMetrics.newBuilder().addScopeMetrics(scope).setSchemaUrl("u")
            .setResource(Resource.newBuilder().addAttributes(attribute("own", AnyValue.newBuilder().setStringValue("label"))))).build();
    }

    static String outcome(Admin admin, String name, String... settings) throws Exception {
        List<AlterConfigOp> changes = new ArrayList<>();
        for (String setting : settings) {
            String[] pair = setting.split("=", 2);
            changes.add(new AlterConfigOp(new ConfigEntry(pair[0], pair[1]), AlterConfigOp.OpType.SET));
        }
        try {
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.CLIENT_METRICS, name), changes)).all().get();
            return "OK";
        } catch (ExecutionException e) { return e.getCause().getClass().getSimpleName() + " " + e.getCause().getMessage(); }
    }

    /** What a client with this name is told, once it is to push this many metrics. */
    static GetTelemetrySubscriptionsResponseData told(Wire wire, Uuid id, int metrics) throws Exception {
        return until(() -> {
            GetTelemetrySubscriptionsResponseData answer = wire.get(id);
            return answer.requestedMetrics().size() == metrics ? answer : null;
        });
    }

    static void withoutSubscriptions() throws Exception {
        try (Wire wire = new Wire("nobody").named("probe", "1.0")) {
            ApiVersionsResponseData versions = (ApiVersionsResponseData) wire.ask(new ApiVersionsRequestData().setClientSoftwareName("a").setClientSoftwareVersion("b"), 4);
            say("advertised", versions.apiKeys().stream().map(k -> (int) k.apiKey()).filter(k -> k == 71 || k == 72).sorted().toList());
            GetTelemetrySubscriptionsResponseData fresh = wire.get(Uuid.ZERO_UUID);
            say("a new client gets an id", !fresh.clientInstanceId().equals(Uuid.ZERO_UUID) + " " + fresh.setClientInstanceId(id(0)).setSubscriptionId(0));
            GetTelemetrySubscriptionsResponseData told = wire.get(id(1));
            say("no subscription", told);
            say("again", wire.get(id(1)));
            say("an id that is reserved", wire.get(Uuid.ONE_UUID).errorCode() + " " + wire.push(Uuid.ONE_UUID, 0, false, 0, ByteBuffer.allocate(0)));
            say("push without an id", wire.push(Uuid.ZERO_UUID, told.subscriptionId(), false, 0, ByteBuffer.allocate(0)));
            say("push of nothing", wire.push(id(1), told.subscriptionId(), false, 0, ByteBuffer.allocate(0)));
            say("push too early", wire.push(id(1), told.subscriptionId(), false, 0, ByteBuffer.allocate(0)));
            say("push of a client nobody knows", wire.push(id(2), 5, false, 0, ByteBuffer.allocate(0)));
            say("ask after that", wire.get(id(2)).errorCode() + " " + wire.get(id(2)).errorCode());
        }
        try (Wire wire = new Wire("nobody")) { say("of an ended connection the last client is forgotten", wire.get(id(1)).errorCode() + " " + until(() -> wire.get(id(2)).errorCode() == 0 ? "forgotten" : null)); }
    }

    static void refusals() throws Exception {
        try (Wire wire = new Wire("nobody")) {
            int[] at = {10};
            java.util.concurrent.Callable<Integer> next = () -> wire.get(id(++at[0])).subscriptionId();
            int first = next.call();
            say("unknown codec", wire.push(id(at[0]), first, false, 9, ByteBuffer.allocate(1)) + " " + wire.get(id(at[0])).errorCode());
            for (int codec = 0; codec <= 4; codec++) {
                int subscription = next.call();
                say("garbage, codec " + codec, wire.push(id(at[0]), subscription, false, codec, ByteBuffer.wrap(new byte[] {7, 7, 7, 7})));
            }
            int subscription = next.call();
            say("too large", wire.push(id(at[0]), subscription, false, 0, ByteBuffer.allocate(2001)));
            byte[] zeros = new byte[100_000];
            for (CompressionType type : List.of(CompressionType.GZIP, CompressionType.SNAPPY, CompressionType.LZ4, CompressionType.ZSTD)) {
                ByteArrayOutputStream packed = new ByteArrayOutputStream();
                try (org.apache.kafka.common.utils.ByteBufferOutputStream out = new org.apache.kafka.common.utils.ByteBufferOutputStream(512)) {
                    try (OutputStream inner = Compression.of(type).build().wrapForOutput(out, (byte) 2)) { inner.write(zeros, 0, type == CompressionType.SNAPPY ? 30_000 : 100_000); }
                    out.buffer().flip();
                    subscription = next.call();
                    say("too large unpacked, " + type, wire.push(id(at[0]), subscription, false, type.id, out.buffer()));
                }
            }
            subscription = next.call();
            say("the last push", wire.push(id(at[0]), subscription, true, 0, ByteBuffer.allocate(0)));
            say("after the last push", wire.push(id(at[0]), subscription, false, 0, ByteBuffer.allocate(0)));
            say("and once more", wire.push(id(at[0]), subscription, false, 0, ByteBuffer.allocate(0)));
            subscription = next.call();
            say("two pushes, the second the last", wire.push(id(at[0]), subscription, false, 0, ByteBuffer.allocate(0)) + ", "
                + wire.push(id(at[0]), subscription, true, 0, ByteBuffer.allocate(0)));
        }
    }

    static void subscriptions(Admin admin) throws Exception {
        say("subscribe", outcome(admin, "raw", "metrics=org.apache.kafka.producer.,org.apache.kafka.consumer.,zeta,alpha,mu,nu,xi,omikron,pi,rho,sigma,tau,upsilon,alpha,chi,psi",
            "interval.ms=1000", "match=client_id=raw.*,client_software_name=probe"));
        say("subscribe more", outcome(admin, "more", "metrics=org.apache.kafka.admin.,zeta", "interval.ms=2000", "match=client_source_address=127\\.0\\.0\\.1,client_id=raw-2,client_source_port=[0-9]+"));
        say("subscribe all", outcome(admin, "all", "metrics=alpha,*", "interval.ms=100", "match=client_software_version=9\\..*,client_instance_id=" + id(42)));
        for (String match : List.of("client_id=(", "client_id=a)(b", "nobody=a", "client_id", "client_id=a=b", "client_id="))
            say("match " + match, outcome(admin, "bad", "match=" + match));
        say("interval 99", outcome(admin, "bad", "interval.ms=99"));
        try (Wire one = new Wire("raw-1").named("probe", "1"); Wire two = new Wire("raw-2").named("probe", "1"); Wire other = new Wire("raw-1").named("other", "9.1")) {
            GetTelemetrySubscriptionsResponseData told = told(one, id(40), 15);
            say("subscribed", told);
            say("to both", told(two, id(41), 16));
            say("to all", told(other, id(42), 1));
            say("to none", other.get(id(43)));
            say("one too early", one.get(id(40)).errorCode());
            say("changed", outcome(admin, "raw", "metrics=chi", "interval.ms=100"));
            until(() -> one.push(id(40), told.subscriptionId(), false, 0, ByteBuffer.allocate(0)).startsWith("UNKNOWN") ? true : null);
            GetTelemetrySubscriptionsResponseData changed = one.get(id(40));
            say("told at once", changed);
            Thread.sleep(150);
            for (CompressionType type : CompressionType.values()) {
                ByteBuffer packed = ClientTelemetryUtils.compress(everything(), type);
                say("push, " + type, one.push(id(40), changed.subscriptionId(), false, type.id, packed));
                Thread.sleep(150);
            }
            List<JsonNode> lines = until(() -> received("raw-1").size() == 5 ? received("raw-1") : null);
            say("received alike", lines.stream().map(Telemetry::sorted).distinct().count());
            say("received", sorted(lines.get(0)).replaceAll("(client_source_port\", value=\\{stringValue=\")\\d+", "$1P"));
        }
    }

    static void javaClient(Admin admin) throws Exception {
        say("subscribe the Java client", outcome(admin, "java", "metrics=org.apache.kafka.producer.record.queue.time,org.apache.kafka.producer.connection.creation", "interval.ms=500", "match=client_id=pusher"));
        Properties config = new Properties();
        config.putAll(Map.of("bootstrap.servers", bootstrap, "client.id", "pusher"));
        KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
        producer.send(new ProducerRecord<>("telemetry", "x")).get();
        Uuid id = producer.clientInstanceId(Duration.ofSeconds(30));
        until(() -> received("pusher").size() >= 2 ? true : null);
        producer.close();
        List<JsonNode> lines = received("pusher");
        say("one id", lines.stream().map(line -> attribute(line, "client_instance_id")).distinct().toList().equals(List.of(id.toString())));
        say("software", attribute(lines.get(0), "client_software_name") + " " + attribute(lines.get(0), "client_software_version"));
        TreeSet<String> names = new TreeSet<>();
        lines.forEach(line -> line.findValues("metrics").forEach(metrics -> metrics.forEach(metric -> names.add(metric.path("name").asText()))));
        say("metrics of the Java client", names);
    }

    public static void main(String[] args) throws Exception {
        bootstrap = args[0];
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap, "enable.metrics.push", false);
        try (Admin admin = Admin.create(config)) {
            withoutSubscriptions();
            refusals();
            subscriptions(admin);
            javaClient(admin);
        }
        System.exit(0);
    }
}
