//! The process and the machine.

use crate::metric::metrics;

metrics! {
    /// Processor time of the process.
    CPU_SECONDS: Counter "process_cpu_seconds_total" in "s" [];
    /// Memory of the process that is in RAM.
    RESIDENT_BYTES: Gauge "process_resident_memory_bytes" in "bytes" [];
    /// Address space of the process.
    VIRTUAL_BYTES: Gauge "process_virtual_memory_bytes" in "bytes" [];
    /// Open files and connections.
    OPEN_FDS: Gauge "process_open_fds" in "files" [];
    /// Files and connections that may be open.
    MAX_FDS: Gauge "process_max_fds" in "files" [];
    /// When the process was started.
    START_TIME: Gauge "process_start_time_seconds" in "s since 1970" [];
    /// Bytes the process had read from disks.
    DISK_READ_BYTES: Counter "kafka_server_kafkaserver_linux_disk_read_bytes" in "bytes" [];
    /// Bytes the process had written to disks.
    DISK_WRITE_BYTES: Counter "kafka_server_kafkaserver_linux_disk_write_bytes" in "bytes" [];
    /// Memory of the process, for panels that show the heap of a Java machine.
    JVM_MEMORY_USED: Gauge "jvm_memory_used_bytes" in "bytes" ["area", "id"];
    /// Threads of the process, for panels that show those of a Java machine.
    JVM_THREADS: Gauge "jvm_threads_current" in "threads" [];
    /// Time lost to garbage collection, for panels that show that of a Java machine: there is no
    /// garbage.
    JVM_GC_SECONDS: Counter "jvm_gc_collection_seconds_sum" in "s" ["gc"];
    /// Garbage collections, for panels that show those of a Java machine: there are none.
    JVM_GC_COUNT: Counter "jvm_gc_collection_seconds_count" in "collections" ["gc"];
    /// The program; always 1.
    BUILD_INFO: Gauge "ottla_build_info" in "1" ["version"];
    /// The program under the name of the exporter that dashboards look for; always 1.
    EXPORTER_BUILD_INFO: Gauge "kafka_exporter_build_info" in "1" ["version"];
}
