//! Writes a corpus for the `wire_*` targets: every message in every version, as the tests of
//! `wire` fill it.

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../crates/wire/tests/messages/fill.rs"]
mod fill;
#[path = "../../crates/wire/tests/messages/generated/mod.rs"]
mod generated;

use std::fs;
use std::path::Path;

use bytes::Bytes;
use fill::{Case, MODES};
use wire::stored::group::GroupRecord;
use wire::stored::share::ShareRecord;
use wire::stored::txn::TransactionRecord;
use wire::{ApiKey, RequestHeader, Writer};

fn main() -> std::io::Result<()> {
    for case in generated::CASES {
        for version in case.versions() {
            for mode in MODES {
                let Ok(bytes) = (case.encode)(version, mode).flatten() else { continue };
                let seed =
                    seed(case.name, version, &bytes).or_else(|| keyed(case, version, &bytes));
                if let Some((target, seed)) = seed {
                    write(target, &format!("{}-{version}-{}", case.name, mode as u8), &seed)?;
                }
            }
        }
    }
    Ok(())
}

fn write(target: &str, name: &str, seed: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), seed)
}

fn seed(name: &str, version: i16, bytes: &Bytes) -> Option<(&'static str, Vec<u8>)> {
    let api = |suffix| {
        let name = name.strip_suffix(suffix)?;
        ApiKey::ALL.iter().copied().find(|api| api.name() == name)
    };
    if let Some(api) = api("Request") {
        return Some(("wire_request", [&request_header(api, version)?[..], bytes].concat()));
    }
    if let Some(api) = api("Response") {
        let head = [api.code().to_be_bytes(), version.to_be_bytes()].concat();
        return Some(("wire_response", [&head[..], bytes].concat()));
    }
    let versioned = match name {
        "QuorumStateData" => 6,
        "ProducerSnapshot" => 7,
        "ConsumerProtocolSubscription" => 8,
        "ConsumerProtocolAssignment" => 9,
        "DefaultPrincipalData" => 10,
        _ => return stored(name, version, bytes),
    };
    Some(("wire_stored", [&[versioned][..], &version.to_be_bytes(), bytes].concat()))
}

/// A metadata record in its frame, of whichever type reads as what it should be.
fn stored(name: &str, version: i16, bytes: &Bytes) -> Option<(&'static str, Vec<u8>)> {
    let version = u8::try_from(version).ok()?;
    (0..=28_u8).find_map(|record_type| {
        let framed = Bytes::from([&[1, record_type, version][..], bytes].concat());
        let (record, _) = wire::stored::metadata::MetadataRecord::decode(framed.clone()).ok()?;
        let debug = format!("{record:?}");
        debug.contains(name).then(|| ("wire_stored", [&[0][..], &framed[..]].concat()))
    })
}

/// A coordinator's record, from a filled value and the first filled key of its kind.
fn keyed(value: &Case, version: i16, bytes: &Bytes) -> Option<(&'static str, Vec<u8>)> {
    let name = format!("{}Key", value.name.strip_suffix("Value")?);
    let key = generated::CASES.iter().find(|case| case.name == name)?;
    let fields = (key.encode)(0, MODES[1]).flatten().ok()?;
    (0..=23_u8).find_map(|record_type| {
        let key = Bytes::from([&[0, record_type][..], &fields].concat());
        let is_it = |record: Result<String, _>| record.is_ok_and(|debug| debug.contains(&name));
        let kind = [
            is_it(GroupRecord::decode(key.clone(), None).map(|record| format!("{record:?}"))),
            is_it(TransactionRecord::decode(key.clone(), None).map(|record| format!("{record:?}"))),
            is_it(ShareRecord::decode(key.clone(), None).map(|record| format!("{record:?}"))),
        ];
        let kind = 2 + kind.iter().position(|fits| *fits)? as u8;
        let head = [kind, u8::try_from(key.len()).ok()?];
        Some(("wire_stored", [&head[..], &key, &version.to_be_bytes(), bytes].concat()))
    })
}

fn request_header(api: ApiKey, version: i16) -> Option<Vec<u8>> {
    let header = RequestHeader {
        request_api_key: api.code(),
        request_api_version: version,
        client_id: Some("client".into()),
        ..RequestHeader::default()
    };
    let mut w = Writer::contiguous();
    header.encode(&mut w, api.request_header_version(version)).ok()?;
    Some(w.into_bytes().to_vec())
}
