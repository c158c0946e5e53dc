//! All messages and stored records, in all versions.

#![allow(clippy::unwrap_used, reason = "tests")]

mod fill;
mod generated;
mod hostile;

use fill::{MODES, hash};
use generated::CASES;

#[test]
fn every_version_reads_back() {
    for case in CASES {
        for version in case.versions() {
            for mode in MODES {
                let bytes = (case.encode)(version, mode).flatten().unwrap();
                (case.reads_back)(bytes.clone(), version, mode);
                assert_eq!((case.again)(bytes.clone(), version), Ok(bytes), "{}", case.name);
            }
            (case.default_reads_back)(version);
        }
    }
}

/// `golden/golden.txt` holds hashes of what Apache Kafka 4.3.1 writes for the same values, per
/// message: `NAME VERSION:FULL,SPARSE ...`. `golden/Golden.java` makes it.
#[test]
fn bytes_are_those_of_apache_kafka() {
    let mut golden = include_str!("golden/golden.txt").lines();
    let mut wrong = Vec::new();
    for case in CASES {
        let mut words = golden.next().expect("a line per message").split(' ');
        assert_eq!(words.next(), Some(case.name));
        for version in case.versions() {
            let hashes = MODES.map(|mode| {
                let hash = hash(&(case.encode)(version, mode).flatten().unwrap());
                format!("{:08x}", (hash ^ (hash >> 32)) as u32)
            });
            if words.next() != Some(&format!("{version}:{}", hashes.join(","))) {
                wrong.push(format!("{} {version}", case.name));
            }
        }
        assert_eq!(words.next(), None, "{}: Kafka has more versions", case.name);
    }
    assert_eq!(golden.next(), None);
    assert!(wrong.is_empty(), "{wrong:?}");
}
