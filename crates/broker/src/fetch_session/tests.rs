//! kafka-apis 35–37.

use env::Random;
use wire::{ErrorCode, Str};

use super::*;

fn key(partition: i32) -> FetchKey {
    FetchKey { topic: TopicRef::Name(Str::from("t")), partition }
}

fn interest(fetch_offset: i64) -> Interest {
    Interest {
        fetch_offset,
        max_bytes: 1,
        current_leader_epoch: -1,
        last_fetched_epoch: -1,
        log_start_offset: -1,
    }
}

fn ask(session_id: i32, session_epoch: i32, partitions: &[i32]) -> FetchAsk {
    FetchAsk {
        session_id,
        session_epoch,
        uses_topic_ids: false,
        from_follower: false,
        interests: partitions.iter().map(|p| (key(*p), interest(0))).collect(),
        forgotten: Vec::new(),
    }
}

fn quiet(high_watermark: i64) -> Answer {
    Answer { bytes: 0, high_watermark, log_start_offset: 0, must_tell: false }
}

/// A session over partitions 0 to 2, told a high watermark of 5 each.
fn open(sessions: &FetchSessions) -> i32 {
    let context = sessions.begin(ask(0, 0, &[0, 1, 2]), 0).unwrap();
    let answers: Vec<_> = (0..3).map(|p| (key(p), quiet(5))).collect();
    let (id, told) = context.finish(sessions, &answers, 0).unwrap();
    assert_eq!(told, [true, true, true]);
    assert_ne!(id, NO_SESSION);
    id
}

fn cache(slots: usize) -> FetchSessions {
    FetchSessions::new(slots, Random::seeded(7))
}

#[test]
fn only_news_is_told() {
    // kafka-apis 36
    let sessions = cache(10);
    let id = open(&sessions);
    let context = sessions.begin(ask(id, 1, &[]), 1).unwrap();
    let interests: Vec<_> = context.interests().into_iter().map(|(key, _)| key).collect();
    assert_eq!(interests, [key(0), key(1), key(2)]);
    let data = Answer { bytes: 9, ..quiet(5) };
    let answers = [(key(0), quiet(5)), (key(1), data), (key(2), quiet(6))];
    assert_eq!(context.finish(&sessions, &answers, 1), Ok((id, vec![false, true, true])));
    // The one with data goes to the end.
    let context = sessions.begin(ask(id, 2, &[]), 2).unwrap();
    let interests: Vec<_> = context.interests().into_iter().map(|(key, _)| key).collect();
    assert_eq!(interests, [key(0), key(2), key(1)]);
}

#[test]
fn the_end_of_an_error_is_told() {
    let sessions = cache(10);
    let id = open(&sessions);
    let failed = Answer { bytes: 0, high_watermark: -1, log_start_offset: 0, must_tell: true };
    for (epoch, answer, told) in [(1, failed, true), (2, quiet(5), true), (3, quiet(5), false)] {
        let context = sessions.begin(ask(id, epoch, &[]), 1).unwrap();
        let answers = [(key(0), answer), (key(1), quiet(5)), (key(2), quiet(5))];
        let outcome = context.finish(&sessions, &answers, 1).unwrap();
        assert_eq!(outcome, (id, vec![told, false, false]), "epoch {epoch}");
    }
}

#[test]
fn wrong_epochs_and_ids_are_refused() {
    // kafka-apis 35
    let sessions = cache(10);
    let id = open(&sessions);
    let refused = |ask| sessions.begin(ask, 1).err();
    assert_eq!(refused(ask(id, 2, &[])), Some(ErrorCode::InvalidFetchSessionEpoch));
    assert_eq!(refused(ask(id.wrapping_add(1), 1, &[])), Some(ErrorCode::FetchSessionIdNotFound));
    let by_id = FetchAsk { uses_topic_ids: true, ..ask(id, 1, &[]) };
    assert_eq!(refused(by_id), Some(ErrorCode::FetchSessionTopicIdError));
    // A final fetch closes it.
    assert!(matches!(sessions.begin(ask(id, -1, &[0]), 1), Ok(FetchContext::Sessionless { .. })));
    assert_eq!(refused(ask(id, 1, &[])), Some(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn an_emptied_session_is_dropped() {
    // kafka-apis 36
    let sessions = cache(10);
    let id = open(&sessions);
    let forgotten = (0..3).map(key).collect();
    let context = sessions.begin(FetchAsk { forgotten, ..ask(id, 1, &[]) }, 1).unwrap();
    assert!(matches!(context, FetchContext::Sessionless { .. }));
    assert_eq!(sessions.begin(ask(id, 2, &[]), 1).err(), Some(ErrorCode::FetchSessionIdNotFound));
}

#[test]
fn a_full_cache_keeps_what_counts_more() {
    // kafka-apis 37
    let sessions = cache(1);
    let id = open(&sessions);
    let small = sessions.begin(ask(0, 0, &[0]), 1).unwrap();
    let answers = [(key(0), quiet(5))];
    assert_eq!(small.finish(&sessions, &answers, 1), Ok((NO_SESSION, vec![true])));
    let follower = FetchAsk { from_follower: true, ..ask(0, 0, &[0]) };
    let follower = sessions.begin(follower, 2).unwrap();
    let (follower_id, _) = follower.finish(&sessions, &answers, 2).unwrap();
    assert_ne!(follower_id, NO_SESSION);
    assert_eq!(sessions.begin(ask(id, 1, &[]), 3).err(), Some(ErrorCode::FetchSessionIdNotFound));
    // Unused for two minutes, even a follower's session goes.
    let late = sessions.begin(ask(0, 0, &[0]), 200_000).unwrap();
    assert_ne!(late.finish(&sessions, &answers, 200_000).unwrap().0, NO_SESSION);
}
