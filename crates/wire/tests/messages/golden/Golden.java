import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/**
 * Writes golden.txt: hashes of the bytes that Apache Kafka's own classes write for every message in every version.
 *
 * Takes the names and versions from the golden.txt (or a list of the same form) on standard input and prints the new
 * one. Values follow from the names in Kafka's schemas, by the rules of ../fill.rs; a message is filled through its
 * schema, read by its class, and the bytes that its class writes are hashed.
 *
 *     java -cp 'KAFKA/libs/*' Golden.java < golden.txt
 */
public class Golden {
    static final String[] PACKAGES = {
        "org.apache.kafka.common.message.",
        "org.apache.kafka.common.metadata.",
        "org.apache.kafka.raft.generated.",
        "org.apache.kafka.coordinator.group.generated.",
        "org.apache.kafka.coordinator.share.generated.",
        "org.apache.kafka.coordinator.transaction.generated.",
        "org.apache.kafka.server.log.remote.metadata.storage.generated.",
    };

    public static void main(String[] args) throws Exception {
        for (String line : new String(System.in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
            String name = line.split(" ")[0];
            Class<?> type = find(name);
            Schema[] schemas = (Schema[]) type.getField("SCHEMAS").get(null);
            StringBuilder out = new StringBuilder(name);
            for (short version = 0; version < schemas.length; version++) {
                if (schemas[version] != null) {
                    out.append(' ').append(version).append(':');
                    out.append(hash(type, schemas[version], name, version, 0)).append(',');
                    out.append(hash(type, schemas[version], name, version, 1));
                }
            }
            System.out.println(out);
        }
    }

    static Class<?> find(String name) throws ClassNotFoundException {
        for (String prefix : PACKAGES) {
            for (String suffix : new String[] {"", "Data"}) {
                try {
                    return Class.forName(prefix + name + suffix);
                } catch (ClassNotFoundException e) {
                    // Try the next.
                }
            }
        }
        throw new ClassNotFoundException(name);
    }

    static String hash(Class<?> type, Schema schema, String name, short version, int mode) throws Exception {
        Golden fill = new Golden(name + "/" + version + "/" + mode, mode == 1);
        Struct struct = fill.struct(schema);
        ByteBuffer bytes = ByteBuffer.allocate(struct.sizeOf());
        struct.writeTo(bytes);
        bytes.flip();
        Message message = (Message) type.getConstructor().newInstance();
        message.read(new ByteBufferAccessor(bytes), version);
        if (bytes.hasRemaining()) {
            throw new IllegalStateException(name + " " + version + ": bytes left");
        }
        ByteBuffer written = MessageUtil.toByteBufferAccessor(message, version).buffer();
        byte[] array = new byte[written.remaining()];
        written.get(array);
        return String.format("%08x", (int) (fnv(array) ^ (fnv(array) >>> 32)));
    }

    long state;
    final boolean sparse;

    Golden(String seed, boolean sparse) {
        this.state = fnv(seed.getBytes(StandardCharsets.UTF_8));
        this.sparse = sparse;
    }

    static long fnv(byte[] bytes) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : bytes) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    long next(String name) {
        state = state * 6364136223846793005L + fnv(name.getBytes(StandardCharsets.UTF_8));
        long mixed = (state ^ (state >>> 33)) * 0xff51afd7ed558ccdL;
        return mixed ^ (mixed >>> 33);
    }

    long number(String name) {
        long drawn = next(name);
        return sparse && (drawn & 0x100) != 0 ? 0 : drawn >>> 9;
    }

    Struct struct(Schema schema) {
        Struct struct = new Struct(schema);
        for (BoundField field : schema.fields()) {
            if (field.def.type instanceof TaggedFields tagged) {
                TreeMap<Integer, Object> values = new TreeMap<>();
                for (var entry : new TreeMap<>(tagged.fields()).entrySet()) {
                    Field def = entry.getValue();
                    long drawn = next(def.name);
                    if (!sparse || (drawn & 1) != 0) {
                        values.put(entry.getKey(), value(def.name, def.type));
                    }
                }
                long drawn = next("_tagged_fields");
                if (!sparse && (drawn & 3) == 0) {
                    int tag = 100 + (int) (Integer.toUnsignedLong((int) (drawn >>> 8)) % 3000);
                    byte[] raw = new byte[(int) Long.remainderUnsigned(drawn >>> 4, 5)];
                    for (int i = 0; i < raw.length; i++) {
                        raw[i] = (byte) ((drawn >>> 16) + i);
                    }
                    values.put(tag, new RawTaggedField(tag, raw));
                }
                struct.set(field.def.name, values);
            } else {
                struct.set(field.def.name, value(field.def.name, field.def.type));
            }
        }
        return struct;
    }

    Object value(String name, Type type) {
        if (type.isNullable()) {
            long drawn = next(name);
            if (sparse ? (drawn & 3) != 0 : (drawn & 7) == 0) {
                return null;
            }
        }
        if (type.isArray()) {
            Type element = type.arrayElementType().get();
            long drawn = next(name);
            long count = sparse ? drawn & 1 : 1 + (drawn >>> 8) % 3;
            if (!sparse && !(element instanceof Schema) && (drawn & 31) == 0) {
                count = 130;
            }
            List<Object> elements = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                elements.add(element instanceof Schema schema ? struct(schema) : scalar(name, element));
            }
            return elements.toArray();
        }
        return type instanceof Schema schema ? struct(schema) : scalar(name, type);
    }

    Object scalar(String name, Type type) {
        String kind = type.toString();
        return switch (kind) {
            case "BOOLEAN" -> (number(name) & 1) != 0;
            case "INT8" -> (byte) number(name);
            case "INT16" -> (short) number(name);
            case "UINT16" -> (int) number(name) & 0xffff;
            case "INT32" -> (int) number(name);
            case "UINT32" -> number(name) & 0xffffffffL;
            case "INT64" -> number(name);
            case "FLOAT64" -> (number(name) % 100000) / 8.0;
            case "UUID" -> {
                long mostSignificant = number(name);
                yield new Uuid(mostSignificant, number(name));
            }
            default -> {
                if (kind.contains("STRING")) {
                    yield string(name);
                } else if (kind.contains("BYTES")) {
                    yield ByteBuffer.wrap(bytes(name));
                } else if (kind.contains("RECORDS")) {
                    yield records(bytes(name));
                }
                throw new IllegalStateException("type " + kind);
            }
        };
    }

    String string(String name) {
        long drawn = next(name);
        long length = sparse ? drawn & 1 : (drawn & 15) == 0 ? 140 : (drawn >>> 8) % 12;
        StringBuilder text = new StringBuilder();
        for (long i = 0; i < length; i++) {
            text.append((char) ('a' + (((drawn >>> 16) + i) & 0xff) % 26));
        }
        if ((drawn & 16) != 0 && length > 0) {
            text.append('é');
        }
        return text.toString();
    }

    byte[] bytes(String name) {
        long drawn = next(name);
        long length = sparse ? drawn & 1
            : (drawn & 15) == 0 ? 140
            : (drawn & 15) == 1 ? 1500
            : (drawn >>> 8) % 12;
        byte[] bytes = new byte[(int) length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) ((drawn >>> 16) + i);
        }
        return bytes;
    }

    /** Record data around any bytes; the class moved between packages of 4.x. */
    static Object records(byte[] bytes) {
        for (String type : new String[] {
            "org.apache.kafka.common.record.internal.MemoryRecords", "org.apache.kafka.common.record.MemoryRecords"}) {
            try {
                return Class.forName(type).getMethod("readableRecords", ByteBuffer.class)
                    .invoke(null, ByteBuffer.wrap(bytes));
            } catch (ReflectiveOperationException e) {
                // Try the next.
            }
        }
        throw new IllegalStateException("no MemoryRecords");
    }
}
