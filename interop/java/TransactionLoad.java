import java.util.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.serialization.*;

/** One transactional producer as fast as it can: TransactionLoad BOOTSTRAP TOPIC WARMUP TRANSACTIONS RECORDS SIZE. */
public class TransactionLoad {
    public static void main(String[] args) throws Exception {
        int warmup = Integer.parseInt(args[2]), count = Integer.parseInt(args[3]), records = Integer.parseInt(args[4]);
        byte[] value = new byte[Integer.parseInt(args[5])];
        Map<String, Object> config = Map.of("bootstrap.servers", args[0], "transactional.id", "load", "linger.ms", 1);
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            producer.initTransactions();
            long[] commits = new long[count];
            long began = 0;
            for (int i = -warmup; i < count; i++) {
                if (i == 0) { System.out.println("begin"); began = System.nanoTime(); }
                producer.beginTransaction();
                for (int r = 0; r < records; r++) producer.send(new ProducerRecord<>(args[1], 0, null, value));
                producer.flush();
                long at = System.nanoTime();
                producer.commitTransaction();
                if (i >= 0) commits[i] = System.nanoTime() - at;
            }
            long took = System.nanoTime() - began;
            Arrays.sort(commits);
            System.out.printf(Locale.ROOT, "end %.1f %.3f %.3f%n", count * 1e9 / took, commits[count / 2] / 1e6, commits[count * 99 / 100] / 1e6);
        }
    }
}
