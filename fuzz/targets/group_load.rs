//! The log of a group coordinator's shard: any bytes as keys and values, in any order, and what is
//! served from them.

#![no_main]

use bytes::Bytes;
use group::{
    Answer, Client, ClusterView, CommitOffsets, ConsumerHeartbeat, DeleteGroups,
    DescribeConsumerGroups, DescribeGroups, FetchOffsets, Heartbeat, ListGroups, Outcome, Record,
    Request, Response, Settings, Shard, Timer, Token, TopicsDeleted,
};
use libfuzzer_sys::fuzz_target;
use wire::{Str, Uuid};

/// Wall clock of all that happens.
const NOW_MS: i64 = 1_700_000_000_000;

// Records: a byte of flags, the lengths of key and value, key, value.
fuzz_target!(|data: &[u8]| {
    let mut shard = Shard::new(Settings::default(), ClusterView::default());
    let mut log = Log { rest: data, offset: 0 };
    while let Some(entry) = log.next() {
        replay(&mut shard, entry);
        if entry.flags & 8 != 0 {
            shard.committed(entry.offset);
        }
    }
    carry_out(&mut shard, &mut log, |shard| shard.loaded(NOW_MS));
    serve(&mut shard, &mut log);
});

#[derive(Clone, Copy)]
struct Entry<'a> {
    offset: i64,
    flags: u8,
    key: &'a [u8],
    value: &'a [u8],
}

struct Log<'a> {
    rest: &'a [u8],
    offset: i64,
}

impl<'a> Log<'a> {
    fn next(&mut self) -> Option<Entry<'a>> {
        let (&[flags, key_size, value_size], rest) = self.rest.split_first_chunk()?;
        let (key, rest) = rest.split_at_checked(usize::from(key_size))?;
        let (value, rest) = rest.split_at_checked(usize::from(value_size))?;
        self.rest = rest;
        self.offset += 1;
        Some(Entry { offset: self.offset - 1, flags, key, value })
    }
}

fn replay(shard: &mut Shard, entry: Entry<'_>) {
    let producer_id = (entry.flags & 1 != 0).then_some(i64::from(entry.flags >> 4));
    if entry.flags & 2 != 0 {
        shard.replay_marker(entry.offset, producer_id.unwrap_or(0), entry.flags & 4 != 0);
        return;
    }
    let key = Bytes::copy_from_slice(entry.key);
    let value = (!entry.value.is_empty()).then(|| Bytes::copy_from_slice(entry.value));
    let Ok(Some(record)) = Record::decode(Some(&key), value.as_ref()) else { return };
    // What was read may be of an older version than what is written, and means the same. Groups
    // of records that were read may be too long for the version that is written.
    if let Ok((key, value)) = record.encode() {
        let again = Record::decode(Some(&key), value.as_ref()).expect("what was written reads");
        assert!(again.is_some());
    }
    shard.replay(entry.offset, producer_id, record, NOW_MS);
}

/// Does as the driver does: records are replayed at once, and all of them committed.
fn carry_out(
    shard: &mut Shard,
    log: &mut Log<'_>,
    event: impl FnOnce(&mut Shard) -> Outcome,
) -> Option<Response> {
    let outcome = event(shard);
    for record in outcome.records {
        shard.replay(log.offset, None, record, NOW_MS);
        log.offset += 1;
    }
    shard.committed(log.offset);
    if let Some(after) = outcome.after_write {
        let next = shard.written(after, Ok(()), NOW_MS);
        assert!(next.after_write.is_none());
    }
    match outcome.answer {
        Some(Answer::Now(response) | Answer::Committed(response)) => Some(response),
        Some(Answer::Parked) | None => None,
    }
}

fn serve(shard: &mut Shard, log: &mut Log<'_>) {
    let mut ask = |shard: &mut Shard, request: Request| {
        carry_out(shard, log, |shard| shard.handle(request, Token(0), NOW_MS))
    };
    let list = || ListGroups { states: Vec::new(), types: Vec::new() }.into();
    let Some(Response::ListGroups(listed)) = ask(shard, list()) else { panic!("a list") };
    let group_ids: Vec<Str> = listed.into_iter().map(|group| group.group_id).collect();
    let described = ask(shard, DescribeGroups { group_ids: group_ids.clone() }.into());
    let Some(Response::DescribeGroups(described)) = described else { panic!("descriptions") };
    for group in described.into_iter().flatten() {
        for member in group.members {
            let heartbeat = Heartbeat {
                group_id: group.group_id.clone(),
                member_id: member.member_id.clone(),
                group_instance_id: None,
                generation_id: 0,
            };
            ask(shard, heartbeat.into());
            let session =
                Timer::Session { group_id: group.group_id.clone(), member_id: member.member_id };
            let _ = shard.expire(&session, NOW_MS);
        }
    }
    serve_consumers(shard, &mut ask, &group_ids);
    for group_id in &group_ids {
        for require_stable in [false, true] {
            let fetch = FetchOffsets {
                group_id: group_id.clone(),
                topics: None,
                member: (None, -1),
                require_stable,
            };
            ask(shard, fetch.into());
        }
        let commit = CommitOffsets {
            group_id: group_id.clone(),
            member_id: Str::new(),
            group_instance_id: None,
            generation_id: -1,
            knows_member_epochs: true,
            retention_ms: None,
            topics: Vec::new(),
        };
        ask(shard, commit.into());
    }
    ask(shard, TopicsDeleted { topics: vec![(Str::from("t"), Uuid::ZERO)] }.into());
    let _ = shard.expire(&Timer::Retention, NOW_MS);
    ask(shard, DeleteGroups { group_ids }.into());
    ask(shard, list());
}

/// Members of consumer groups go on where they are, and leave.
fn serve_consumers(
    shard: &mut Shard,
    ask: &mut impl FnMut(&mut Shard, Request) -> Option<Response>,
    group_ids: &[Str],
) {
    let describe = DescribeConsumerGroups { group_ids: group_ids.to_vec() };
    let described = ask(shard, describe.into());
    let Some(Response::DescribeConsumerGroups(described)) = described else {
        panic!("descriptions")
    };
    for group in described.into_iter().flatten() {
        for member in group.members {
            for (member_epoch, topics) in
                [(member.epoch, None), (0, Some(vec![Str::from("t")])), (-1, None)]
            {
                let heartbeat = ConsumerHeartbeat {
                    group_id: group.group_id.clone(),
                    member_id: member.member_id.clone(),
                    needs_member_id: true,
                    member_epoch,
                    instance_id: member.subscription.instance_id.clone(),
                    rack_id: None,
                    rebalance_timeout_ms: if member_epoch == 0 { 1 } else { -1 },
                    topics,
                    regex: None,
                    server_assignor: None,
                    owned: (member_epoch == 0).then(Vec::new),
                    client: Client::default(),
                    random: Uuid::ZERO,
                };
                ask(shard, heartbeat.into());
            }
        }
    }
}
