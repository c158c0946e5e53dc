//! Bytes that are not what they claim to be: no panic, and no more memory than promised.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use wire::Reader;

use crate::fill::{Case, MODES};
use crate::generated::CASES;

struct Counting;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator unchanged.
#[allow(unsafe_code, reason = "counting allocations needs a global allocator")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().wrapping_add(layout.size()));
        PEAK.set(PEAK.get().max(HELD.get()));
        // SAFETY: as the caller promised.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().wrapping_sub(layout.size()));
        // SAFETY: as the caller promised.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Decodes and checks that memory stays within what `Reader` promises, and a little for the
/// sharing of the frame.
fn check(case: &Case, version: i16, bytes: Vec<u8>) {
    let bound = Reader::MEMORY_PER_BYTE * bytes.len() + Reader::MEMORY_AT_LEAST + 1024;
    let bytes = Bytes::from(bytes);
    HELD.set(0);
    PEAK.set(0);
    let _ = (case.decode)(bytes.clone(), version);
    let peak = PEAK.get();
    assert!(peak <= bound, "{} {version}: {peak} for {} bytes", case.name, bytes.len());
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % bound
    }
}

#[test]
fn every_cut_of_a_message_is_refused() {
    for case in CASES {
        for version in case.versions() {
            for mode in MODES {
                let whole = (case.encode)(version, mode).flatten().unwrap();
                let step = 1 + whole.len() / 64;
                for length in (0..whole.len()).step_by(step) {
                    let cut = whole.slice(..length);
                    assert!((case.decode)(cut, version).is_err(), "{} {version}", case.name);
                }
            }
        }
    }
}

#[test]
fn damaged_messages_take_bounded_memory() {
    let mut random = Random(0x5eed_0f07_71a0_0001);
    for case in CASES {
        for version in case.versions() {
            let whole = (case.encode)(version, MODES[0]).flatten().unwrap();
            for _ in 0..40 {
                let mut damaged = whole.to_vec();
                for _ in 0..=random.below(4) {
                    if damaged.is_empty() {
                        break;
                    }
                    let at = random.below(damaged.len());
                    match random.below(4) {
                        0 => damaged[at] = random.below(256) as u8,
                        1 => damaged[at] = 0xff,
                        2 => damaged[at] ^= 1 << random.below(8),
                        _ => damaged.truncate(at),
                    }
                }
                check(case, version, damaged);
            }
        }
    }
}

#[test]
fn monotonous_frames_take_bounded_memory() {
    // Each byte value that starts a long array of the smallest elements, in some encoding.
    const LENGTH: usize = 32 << 10;
    for case in CASES {
        for version in case.versions() {
            for value in [0x00, 0x01, 0x02, 0x7f, 0xff] {
                check(case, version, vec![value; LENGTH]);
            }
        }
    }
}

#[test]
fn arrays_that_claim_the_most_take_bounded_memory() {
    // The longest claim that the rest of the frame could hold, at every position in turn.
    for case in CASES {
        let version = case.max_version;
        let whole = (case.encode)(version, MODES[0]).flatten().unwrap();
        for at in 0..whole.len().min(64) {
            for claim in [&[0x00, 0x00, 0x20, 0x00][..], &[0x81, 0x80, 0x01], &[0xff, 0x3f]] {
                let mut crafted = whole[..at].to_vec();
                crafted.extend_from_slice(claim);
                crafted.resize(crafted.len() + (16 << 10), 0);
                check(case, version, crafted);
            }
        }
    }
}

#[test]
fn noise_takes_bounded_memory() {
    let mut random = Random(0x5eed_0f07_71a0_0002);
    for case in CASES {
        for version in case.versions() {
            for _ in 0..20 {
                let length = random.below(400);
                let noise = (0..length).map(|_| random.below(256) as u8 & 0x83).collect();
                check(case, version, noise);
            }
        }
    }
}

#[test]
fn dense_lists_of_honest_peers_are_read() {
    use wire::messages::{OffsetFetchRequest, offset_fetch_request::OffsetFetchRequestGroup};
    let group =
        OffsetFetchRequestGroup { group_id: "g1".into(), topics: None, ..Default::default() };
    let request = OffsetFetchRequest { groups: vec![group; 100_000], ..Default::default() };
    let mut w = wire::Writer::contiguous();
    request.encode(&mut w, 8).unwrap();
    assert_eq!(OffsetFetchRequest::decode(&mut Reader::new(w.into_bytes()), 8), Ok(request));
}
