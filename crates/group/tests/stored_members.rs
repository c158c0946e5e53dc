//! Members of consumer groups as Apache Kafka 4.3.1 writes them, byte for byte.

use group::{ConsumerPart, Part, Record};
use wire::{Bytes, Str};

/// Group `g`, member `m`.
const KEY: &[u8] = b"\x00\x05\x00\x01g\x00\x01m";
/// Client `c` on host `h`; everything else as it is by itself.
const CONSUMER: &[u8] = b"\x00\x00\x01\x01\x02c\x02h\x01\x01\xff\xff\xff\xff\x01\x00";
/// The same member with the classic protocol: a session of 5 ms, protocol `r` with one byte.
const CLASSIC: &[u8] = b"\x00\x00\x01\x01\x02c\x02h\x01\x01\xff\xff\xff\xff\x01\
    \x01\x00\x0c\x01\x00\x00\x00\x05\x02\x02r\x02\x07\x00\x00";

fn reread(value: &'static [u8]) -> (bool, Bytes) {
    let (key, value) = (Bytes::from_static(KEY), Bytes::from_static(value));
    let record = Record::decode(Some(&key), Some(&value)).expect("a record").expect("a known type");
    let Record::Part { group_id, part: Part::Consumer(ConsumerPart::Member(id, Some(member))) } =
        &record
    else {
        panic!("{record:?}");
    };
    assert_eq!((group_id.as_str(), id.as_str()), ("g", "m"));
    assert_eq!(member.client.id, Str::from_static("c"));
    let (written_key, written) = record.encode().expect("a record");
    assert_eq!(written_key, key);
    (member.classic.is_some(), written.expect("a value"))
}

#[test]
fn a_member_is_read_and_written_as_kafka_does() {
    assert_eq!(reread(CONSUMER), (false, Bytes::from_static(CONSUMER)));
    assert_eq!(reread(CLASSIC), (true, Bytes::from_static(CLASSIC)));
}
