//! What was acknowledged is there, at the offset that was told. Where nothing was flushed before it
//! was acknowledged, a power loss may take the end of a log, but nothing out of its middle.

use std::collections::BTreeMap;

use super::{Case, Violation};
use crate::audit::Kept;
use crate::history::Sent;

const NAME: &str = "acknowledged records are there";

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    for kept in case.kept.iter().filter(|kept| !case.is_compacted(&kept.partition)) {
        check_partition(case, kept, found);
    }
}

fn check_partition(case: &Case<'_>, kept: &Kept, found: &mut Vec<Violation>) {
    let by_offset = kept.by_offset();
    let mut offsets_of: BTreeMap<u64, Vec<i64>> = BTreeMap::new();
    for (offset, id) in &by_offset {
        offsets_of.entry(*id).or_default().push(*offset);
    }
    let lossy = case.may_lose(&kept.partition);
    let deletable = case.may_delete(&kept.partition);
    // The highest surviving offset among what was acknowledged before each power loss.
    let survivors: Vec<(usize, i64)> = case
        .acknowledged(&kept.partition)
        .filter_map(|(id, sent)| {
            let offset = sent.offset.filter(|offset| by_offset.get(offset) == Some(&id))?;
            Some((case.era(sent.settled_at), offset))
        })
        .collect();
    for (id, sent) in case.acknowledged(&kept.partition) {
        let there = match sent.offset {
            Some(offset) => by_offset.get(&offset) == Some(&id),
            None => offsets_of.contains_key(&id),
        };
        let deleted = deletable && sent.offset.is_none_or(|offset| offset < kept.first_offset());
        if there || deleted {
            continue;
        }
        let era = case.era(sent.settled_at);
        let lost = lossy && era < case.losses.len();
        let above =
            |(of, offset): &&(usize, i64)| *of <= era && sent.offset.is_some_and(|o| *offset > o);
        match survivors.iter().find(above) {
            _ if !lost => {
                let instead = sent.offset.and_then(|offset| by_offset.get(&offset));
                let why = format!("; in its place is {instead:?}");
                found.push(missing(kept, id, sent, offsets_of.get(&id), &why));
            }
            Some((_, offset)) => {
                let why = format!("; a power loss came, but it left what was at {offset}");
                found.push(missing(kept, id, sent, offsets_of.get(&id), &why));
            }
            None => {}
        }
    }
}

fn missing(kept: &Kept, id: u64, sent: &Sent, at: Option<&Vec<i64>>, why: &str) -> Violation {
    let Sent { offset, settled_at, .. } = sent;
    let what = format!(
        "record {id}, acknowledged with offset {offset:?} at {settled_at:?}, is at {at:?}{why}; \
         the log goes from {} to {}",
        kept.first_offset(),
        kept.end
    );
    Violation { at: sent.settled_at, ..kept.violation(NAME, what) }
}
