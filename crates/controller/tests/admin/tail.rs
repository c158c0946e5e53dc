//! The metadata log as a client may read it, as text.

use std::collections::HashMap;

use bytes::Bytes;
use records::batches;
use wire::messages::FetchRequest;
use wire::messages::fetch_request::{FetchPartition, FetchTopic};
use wire::stored::metadata::MetadataRecord;
use wire::{Request, Response, Uuid};

use super::Known;

/// The metadata log's topic.
const TOPIC_ID: Uuid = Uuid::from_halves(0, 1);
/// A new cluster is in its first epoch.
const EPOCH: i32 = 1;
/// No record in these tests is larger.
const DECOMPRESSED_MAX: usize = 1 << 20;

/// Reads on where it stopped.
#[derive(Default)]
pub(crate) struct Tail {
    next_offset: i64,
    ids: HashMap<Uuid, usize>,
}

impl Tail {
    /// The version of Fetch to ask with.
    pub(crate) const VERSION: i16 = 17;

    /// Numbers ids anew from here on.
    pub(crate) fn forget_ids(&mut self) {
        self.ids.clear();
    }

    /// Asks for what is new.
    pub(crate) fn request(&self) -> Request {
        let partition = FetchPartition {
            current_leader_epoch: EPOCH,
            fetch_offset: self.next_offset,
            last_fetched_epoch: if self.next_offset == 0 { 0 } else { EPOCH },
            partition_max_bytes: 1 << 20,
            ..FetchPartition::default()
        };
        let topic =
            FetchTopic { topic_id: TOPIC_ID, partitions: vec![partition], ..Default::default() };
        FetchRequest { max_bytes: 1 << 20, topics: vec![topic], ..Default::default() }.into()
    }

    /// The records of a response as text; `None` at the end of the log.
    pub(crate) fn read(&mut self, response: &Response, known: &mut Known) -> Option<Vec<String>> {
        let Response::Fetch(response) = response else { return None };
        let partition = response.responses.first()?.partitions.first()?;
        assert_eq!(partition.error_code, 0, "the metadata log cannot be read");
        let bytes = partition.records.as_ref()?.as_bytes()?;
        let mut lines = Vec::new();
        let before = self.next_offset;
        for batch in batches(bytes) {
            let Ok(batch) = batch else { break };
            self.next_offset = batch.last_offset() + 1;
            if batch.is_control() {
                continue;
            }
            let Ok(records) = batch.records(DECOMPRESSED_MAX) else { break };
            for record in records.iter().flatten() {
                let value = Bytes::copy_from_slice(record.value.unwrap_or_default());
                lines.extend(self.line(value, known));
            }
        }
        sort_changes(&mut lines);
        (self.next_offset > before).then_some(lines)
    }

    /// A record, with what differs from run to run replaced by what it stands for.
    fn line(&mut self, value: Bytes, known: &mut Known) -> Option<String> {
        let record = match MetadataRecord::decode(value) {
            Ok((MetadataRecord::NoOp(_), _)) => return None,
            Ok((record, version)) => {
                known.note_record(&record);
                format!("  > v{version} {record:?}")
            }
            Err(error) => format!("  ! {error}"),
        };
        let text = record.replace(", unknown_tagged_fields: {}", "");
        Some(self.rename_ids(&rename_epochs(&text, known)))
    }

    /// Ids by the order of their appearance; those that are said to be something stay.
    fn rename_ids(&mut self, text: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let mut renamed = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(is_part) {
            let end = rest[start..].find(|c| !is_part(c)).map_or(rest.len(), |n| start + n);
            let (before, word, after) = (&rest[..start], &rest[start..end], &rest[end..]);
            let is_name = after.starts_with(':') || after.starts_with(" {");
            renamed.push_str(before);
            match word.parse::<Uuid>() {
                Ok(id) if !is_chosen(id) && !is_name => {
                    let next = self.ids.len();
                    let number = *self.ids.entry(id).or_insert(next);
                    renamed.push_str(&format!("#{number}"));
                }
                _ => renamed.push_str(word),
            }
            rest = after;
        }
        renamed + rest
    }
}

/// Whether the tests chose this id, or Kafka's format did.
fn is_chosen(id: Uuid) -> bool {
    id.0[..15].iter().all(|byte| *byte == id.0[0])
}

/// The epochs of brokers are offsets in the log.
fn rename_epochs(text: &str, known: &Known) -> String {
    known.epochs.iter().fold(text.to_owned(), |text, (id, epoch)| {
        [",", " }"].iter().fold(text, |text, end| {
            let text = text.replace(
                &format!("broker_epoch: {epoch}{end}"),
                &format!("broker_epoch: of {id}{end}"),
            );
            text.replace(&format!(" epoch: {epoch}{end}"), &format!(" epoch: of {id}{end}"))
        })
    })
}

/// Kafka's order of changes of partitions is that of hash tables with ids as keys.
fn sort_changes(lines: &mut [String]) {
    let same = |a: &String, b: &String| is_change(a) == is_change(b);
    for run in lines.chunk_by_mut(same).filter(|run| is_change(&run[0])) {
        run.sort();
    }
}

fn is_change(line: &str) -> bool {
    line.contains(" PartitionChange(")
}
