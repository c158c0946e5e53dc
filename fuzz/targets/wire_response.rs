//! Responses as a client or another node reads them.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wire::{ApiKey, Reader, Response, Writer};

fuzz_target!(|data: &[u8]| {
    let mut r = Reader::new(Bytes::copy_from_slice(data));
    let (Ok(key), Ok(version)) = (r.i16(), r.i16()) else { return };
    let Ok(api) = ApiKey::try_from(key) else { return };
    let Ok(response) = Response::decode(api, &mut r, version) else { return };
    let written = write(&response, version);
    // The shortest form may be shorter than what came, and so has the smaller budget.
    let mut r = Reader::with_budget(written.clone(), usize::MAX);
    let again = Response::decode(api, &mut r, version);
    assert_eq!(write(&again.expect("what was written reads"), version), written);
});

fn write(response: &Response, version: i16) -> Bytes {
    let mut w = Writer::contiguous();
    response.encode(&mut w, version).expect("what was read can be written");
    w.into_bytes()
}
