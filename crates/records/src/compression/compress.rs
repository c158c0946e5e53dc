//! Compressing the records of a batch.

use super::{gzip, lz4, snappy, zstandard};
use crate::Compression;

/// A codec and how hard it is to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Codec {
    /// The codec.
    pub compression: Compression,
    /// The codec's own scale, `None` for its default: gzip 1 to 9 (default 6), zstd -131072 to 22
    /// (default 3). Snappy has none; LZ4 accepts one (`compression.lz4.level`) and compresses the
    /// same at every level.
    pub level: Option<i32>,
}

impl From<Compression> for Codec {
    fn from(compression: Compression) -> Self {
        Self { compression, level: None }
    }
}

/// Compresses the records of batches, reusing the codecs' contexts.
#[derive(Default)]
pub struct Compressor {
    deflater: Option<(u32, flate2::Compress)>,
    snappy: Option<snap::raw::Encoder>,
    zstd: Option<zstd::zstd_safe::CCtx<'static>>,
}

impl Compressor {
    /// Appends `input`, compressed, to `out`.
    pub fn compress(&mut self, codec: Codec, input: &[u8], out: &mut Vec<u8>) {
        match codec.compression {
            Compression::None => out.extend_from_slice(input),
            Compression::Gzip => gzip::compress(self.deflater(codec.level), input, out),
            Compression::Snappy => {
                let encoder = self.snappy.get_or_insert_with(snap::raw::Encoder::new);
                snappy::compress(encoder, input, out);
            }
            Compression::Lz4 => lz4::compress(input, out),
            Compression::Zstd => {
                let context = self.zstd.get_or_insert_with(zstd::zstd_safe::CCtx::create);
                let level = codec.level.unwrap_or(zstd::DEFAULT_COMPRESSION_LEVEL);
                zstandard::compress(context, level, input, out);
            }
        }
    }

    fn deflater(&mut self, level: Option<i32>) -> &mut flate2::Compress {
        // -1 is how Kafka's setting spells the default.
        let level = match level {
            Some(level @ 0..=9) => level as u32,
            _ => flate2::Compression::default().level(),
        };
        let new = || {
            let level = flate2::Compression::new(level);
            (level.level(), flate2::Compress::new(level, false))
        };
        if self.deflater.as_ref().is_some_and(|(of, _)| *of != level) {
            self.deflater = None;
        }
        &mut self.deflater.get_or_insert_with(new).1
    }
}

impl std::fmt::Debug for Compressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}
