//! The four codecs: hostile streams, and what was compressed comes back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use records::{Codec, Compression, Compressor, Decompressor};

// The first byte chooses codec, magic and limit, the rest is a stream or something to compress.
fuzz_target!(|data: &[u8]| {
    let Some((&choice, data)) = data.split_first() else { return };
    let compression = Compression::from_id(1 + (choice & 3)).expect("an id of a codec");
    let magic = (choice >> 2 & 3).min(2) as i8;
    let limit = 1 << (choice >> 4 & 7) << 14;
    let mut decompressor = Decompressor::default();
    // Twice, so that reused contexts are seen after a failure, too.
    let first = decompressor.decompress(compression, magic, data, limit).map(<[u8]>::to_vec);
    let again = decompressor.decompress(compression, magic, data, limit).map(<[u8]>::to_vec);
    assert_eq!(first, again);
    if let Ok(bytes) = first {
        assert!(bytes.len() <= limit);
    }

    let mut stream = Vec::new();
    Compressor::default().compress(Codec::from(compression), data, &mut stream);
    let back = decompressor.decompress(compression, 2, &stream, data.len());
    assert_eq!(back, Ok(data));
});
