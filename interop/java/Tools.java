import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs tools of Apache Kafka one after the other in one process, as starting a process for each takes a second.
 * In: the number of words, then each with its length; the first word is the tool's class, the second its standard
 * input. Out: the exit code, then standard output and standard error with their lengths.
 */
public class Tools {
    /** Ends a tool that asks for the end of the process. */
    private static final class Ended extends Error {
        Ended() {
            super("ended", null, false, false);
        }
    }

    private static final ByteArrayOutputStream OUT = new ByteArrayOutputStream();
    private static final ByteArrayOutputStream ERR = new ByteArrayOutputStream();
    /** What was there when the tool first asked to end; some catch our exception and go on talking. */
    private static byte[] out;
    private static byte[] err;
    private static int code;
    private static volatile boolean isOver;
    /** What is to happen when the process ends, such as that a producer sends what it holds. */
    private static final List<Runnable> HOOKS = new ArrayList<>();

    private static synchronized void end(int status, String message) {
        if (out == null) {
            System.out.flush();
            System.err.flush();
            code = status;
            out = OUT.toByteArray();
            err = ERR.toByteArray();
        }
        throw new Ended();
    }

    @SuppressWarnings("removal")
    public static void main(String[] args) throws Exception {
        DataInputStream asked = new DataInputStream(new FileInputStream(FileDescriptor.in));
        DataOutputStream answer = new DataOutputStream(new FileOutputStream(FileDescriptor.out));
        Exit.setExitProcedure(Tools::end);
        Exit.setHaltProcedure(Tools::end);
        Exit.setShutdownHookAdder((name, hook) -> HOOKS.add(hook));
        // Some tools ask the process itself.
        System.setSecurityManager(new SecurityManager() {
            @Override
            public void checkExit(int status) {
                if (!isOver) {
                    end(status, null);
                }
            }

            @Override
            public void checkPermission(java.security.Permission permission) {
            }

            @Override
            public void checkPermission(java.security.Permission permission, Object context) {
            }
        });
        System.setOut(new PrintStream(OUT, false, "UTF-8"));
        System.setErr(new PrintStream(ERR, false, "UTF-8"));
        while (true) {
            int count;
            try {
                count = asked.readInt();
            } catch (EOFException end) {
                isOver = true;
                Runtime.getRuntime().halt(0);
                return;
            }
            String[] words = new String[count];
            for (int at = 0; at < count; at++) {
                words[at] = new String(asked.readNBytes(asked.readInt()), "UTF-8");
            }
            OUT.reset();
            ERR.reset();
            out = null;
            run(words);
            HOOKS.forEach(Runnable::run);
            HOOKS.clear();
            answer.writeInt(code);
            answer.writeInt(out.length);
            answer.write(out);
            answer.writeInt(err.length);
            answer.write(err);
            answer.flush();
        }
    }

    private static void run(String[] words) throws Exception {
        System.setIn(new ByteArrayInputStream(words[1].getBytes("UTF-8")));
        String[] rest = java.util.Arrays.copyOfRange(words, 2, words.length);
        try {
            Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
            end(0, null);
        } catch (InvocationTargetException failed) {
            try {
                if (!(failed.getCause() instanceof Ended)) {
                    failed.getCause().printStackTrace();
                    end(1, null);
                }
            } catch (Ended ended) {
                return;
            }
        } catch (Ended ended) {
            return;
        }
    }
}
