//! Loading a shard by replaying its log (kafka-semantics 110).

use bytes::Bytes;
use env::Instant;
use records::{BatchView, EndTxnMarker};

use super::Start;
use crate::shard::Shard;

/// Bytes that the records of one batch may take uncompressed. Batches of coordinators are small;
/// this is far above anything that Kafka writes.
const DECOMPRESSED_MAX: usize = 256 << 20;

/// The shard as its log says. Fails with what is wrong and where.
pub(super) async fn load<S: Shard>(start: &Start<S>) -> Result<S, String> {
    let began = start.env.now();
    let mut loading =
        Loading { start, shard: (start.make_shard)(), records: 0, skipped: 0, bytes: 0 };
    let mut offset = start.log.log_start_offset();
    loop {
        let log_end_offset = start.log.log_end_offset();
        start.standing.set_progress(offset, log_end_offset);
        if offset >= log_end_offset {
            break;
        }
        let read = start.log.read(offset, start.settings.load_buffer_bytes).await;
        let bytes = read.map_err(|error| format!("reading from offset {offset}: {error}"))?;
        let next_offset = loading.replay(&bytes, offset)?;
        if next_offset <= offset {
            // Compaction may leave the end of a log without records.
            break;
        }
        offset = next_offset;
        loading.shard.committed(start.log.high_watermark());
        // Other shards and connections want their turn, too.
        tokio::task::yield_now().await;
    }
    loading.shard.committed(start.log.high_watermark());
    loading.report(began);
    Ok(loading.shard)
}

struct Loading<'a, S: Shard> {
    start: &'a Start<S>,
    shard: S,
    records: u64,
    skipped: u64,
    bytes: u64,
}

impl<S: Shard> Loading<'_, S> {
    /// A new internal topic has many shards with nothing to tell of.
    fn report(&self, began: Instant) {
        let Self { start, records, skipped, bytes, .. } = self;
        let Start { name, leader_epoch, env, .. } = start;
        let took_ms = env.now().duration_since(began).as_millis() as u64;
        if *bytes == 0 {
            tracing::debug!(shard = name, leader_epoch, "the shard is empty");
        } else {
            tracing::info!(
                shard = name,
                leader_epoch,
                records,
                skipped,
                bytes,
                took_ms,
                "the shard is loaded"
            );
        }
    }

    /// Replays whole batches, and returns the offset behind them.
    fn replay(&mut self, bytes: &Bytes, from: i64) -> Result<i64, String> {
        let mut next_offset = from;
        for batch in records::batches(bytes) {
            let batch = batch.map_err(|error| format!("behind offset {next_offset}: {error}"))?;
            self.replay_batch(&batch).map_err(|error| {
                format!("in the batch at offset {}: {error}", batch.base_offset())
            })?;
            next_offset = batch.next_offset();
            self.bytes += batch.size() as u64;
        }
        Ok(next_offset)
    }

    fn replay_batch(&mut self, batch: &BatchView<'_>) -> Result<(), String> {
        batch.verify_crc().map_err(|error| error.to_string())?;
        let now_ms = self.start.env.clock().wall_ms();
        let records = batch.records(DECOMPRESSED_MAX).map_err(|error| error.to_string())?;
        for record in &records {
            let record = record.map_err(|error| error.to_string())?;
            if batch.is_control() {
                let marker = EndTxnMarker::read(&record).map_err(|error| error.to_string())?;
                if let Some(marker) = marker {
                    let producer_id = batch.producer_id();
                    self.shard.replay_marker(record.offset, producer_id, marker.committed);
                }
                continue;
            }
            let copy = |bytes: &[u8]| Bytes::copy_from_slice(bytes);
            let (key, value) = (record.key.map(copy), record.value.map(copy));
            let decoded = S::decode(key.as_ref(), value.as_ref())
                .map_err(|error| format!("record at offset {}: {error}", record.offset))?;
            let producer_id = batch.is_transactional().then(|| batch.producer_id());
            match decoded {
                Some(decoded) => {
                    self.shard.replay(record.offset, producer_id, decoded, now_ms);
                    self.records += 1;
                }
                // Left by a newer broker, or by an upgrade that was given up.
                None => self.skipped += 1,
            }
        }
        Ok(())
    }
}
