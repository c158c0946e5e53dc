//! Requests as they come from a connection.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wire::{Reader, Request, RequestHeader, Writer};

fuzz_target!(|data: &[u8]| {
    let mut r = Reader::new(Bytes::copy_from_slice(data));
    let Ok(header) = RequestHeader::read(&mut r) else { return };
    let (Ok(api), version) = (header.api_key(), header.request_api_version) else { return };
    let Ok(request) = Request::decode(api, &mut r, version) else { return };
    let written = write(&request, version);
    // The shortest form may be shorter than what came, and so has the smaller budget.
    let mut r = Reader::with_budget(written.clone(), usize::MAX);
    let again = Request::decode(api, &mut r, version);
    assert_eq!(write(&again.expect("what was written reads"), version), written);
});

fn write(request: &Request, version: i16) -> Bytes {
    let mut w = Writer::contiguous();
    request.encode(&mut w, version).expect("what was read can be written");
    w.into_bytes()
}
