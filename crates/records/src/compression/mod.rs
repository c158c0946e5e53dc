//! The four codecs, in the framings Kafka uses for them.

mod compress;
mod gzip;
mod lz4;
mod output;
mod snappy;
mod xxhash;
mod zstandard;

pub use compress::{Codec, Compressor};

use crate::{Compression, Error};
use output::Output;

/// Decompresses the records of batches, reusing the codecs' contexts and one output buffer.
///
/// What a stream claims about its size is never trusted: the buffer grows with what really comes
/// out, up to the caller's limit.
#[derive(Default)]
pub struct Decompressor {
    output: Output,
    inflater: Option<flate2::Decompress>,
    zstd: Option<zstd::zstd_safe::DCtx<'static>>,
}

impl Decompressor {
    /// Decompresses `input`, the records of a batch of this `magic`, into at most `limit` bytes.
    ///
    /// # Errors
    /// [`Error::DecompressedTooLarge`] beyond `limit`, [`Error::Decompression`] when `input` is
    /// not a stream of the codec.
    pub fn decompress(
        &mut self,
        compression: Compression,
        magic: i8,
        input: &[u8],
        limit: usize,
    ) -> Result<&[u8], Error> {
        self.output.start(limit);
        let output = &mut self.output;
        let result = match compression {
            Compression::None => output.push(input),
            Compression::Gzip => gzip::decompress(&mut self.inflater, input, output),
            Compression::Snappy => snappy::decompress(input, output),
            Compression::Lz4 => lz4::decompress(input, magic, output),
            Compression::Zstd => zstandard::decompress(&mut self.zstd, input, output),
        };
        match result {
            Ok(()) => Ok(self.output.bytes()),
            Err(Failure::TooLarge) => Err(Error::DecompressedTooLarge { limit }),
            Err(Failure::Stream(reason)) => Err(Error::Decompression { compression, reason }),
        }
    }

    /// The output of the last call, the contexts dropped.
    pub(crate) fn into_output(self) -> Vec<u8> {
        self.output.into_bytes()
    }
}

impl std::fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decompressor").field("output", &self.output).finish_non_exhaustive()
    }
}

/// Why a codec stopped.
#[derive(Debug)]
enum Failure {
    /// The output would pass the limit.
    TooLarge,
    /// The input is not a stream of the codec.
    Stream(String),
}

impl Failure {
    fn stream(reason: impl ToString) -> Self {
        Self::Stream(reason.to_string())
    }
}
