//! The process, as it and a Java machine would tell it.

use env::Env;
use metrics::Text;
use metrics::table::process as table;

pub(crate) async fn write(env: &Env, text: &mut Text) {
    let reading = env.clone();
    let usage = env.blocking(move || reading.usage()).await;
    let version = env!("CARGO_PKG_VERSION");
    text.one(&table::CPU_SECONDS, [], usage.cpu.as_secs_f64());
    text.one(&table::RESIDENT_BYTES, [], usage.resident_bytes);
    text.one(&table::VIRTUAL_BYTES, [], usage.virtual_bytes);
    text.one(&table::OPEN_FDS, [], usage.open_files);
    text.one(&table::MAX_FDS, [], usage.open_files_max);
    text.one(&table::START_TIME, [], usage.started.as_secs_f64());
    text.one(&table::DISK_READ_BYTES, [], usage.disk_read_bytes);
    text.one(&table::DISK_WRITE_BYTES, [], usage.disk_write_bytes);
    text.one(&table::JVM_MEMORY_USED, ["heap", "process"], usage.resident_bytes);
    text.one(&table::JVM_THREADS, [], usage.threads);
    text.one(&table::JVM_GC_SECONDS, ["none"], 0);
    text.one(&table::JVM_GC_COUNT, ["none"], 0);
    text.one(&table::BUILD_INFO, [version], 1);
    text.one(&table::EXPORTER_BUILD_INFO, [version], 1);
}
