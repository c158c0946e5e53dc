//! LZ4 frames as Kafka reads and writes them: independent blocks of at most 4 MiB.
//!
//! The frame is taken apart here, and only its blocks handed to the codec, so that blocks are
//! decompressed straight into the reused output and claimed block sizes allocate nothing.

use lz4_flex::block::{DecompressError, decompress_into};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use super::Failure;
use super::output::Output;
use super::xxhash::xxh32;

const MAGIC: [u8; 4] = 0x184D_2204_u32.to_le_bytes();
const VERSION_MASK: u8 = 0b1100_0000;
const VERSION_1: u8 = 0b0100_0000;
const INDEPENDENT_BLOCKS: u8 = 1 << 5;
const BLOCK_CHECKSUM: u8 = 1 << 4;
const CONTENT_SIZE: u8 = 1 << 3;
const RESERVED: u8 = 0b11;
const STORED_BLOCK: u32 = 1 << 31;
/// A block expands at most 255 times, plus its last literals.
const EXPANSION_MAX: usize = 255;

pub(super) fn decompress(input: &[u8], magic: i8, output: &mut Output) -> Result<(), Failure> {
    let mut input = Input { rest: input };
    let frame = FrameHeader::read(&mut input, magic)?;
    loop {
        let length = u32::from_le_bytes(*input.chunk()?);
        if length == 0 {
            // A content checksum may follow; the batch's own checksum covers all of this.
            return Ok(());
        }
        let stored = length & STORED_BLOCK != 0;
        let length = (length & !STORED_BLOCK) as usize;
        if length > frame.block_bytes_max {
            return Err(Failure::stream("block is larger than the frame allows"));
        }
        let block = input.take(length)?;
        if frame.block_checksum && u32::from_le_bytes(*input.chunk()?) != xxh32(block) {
            return Err(Failure::stream("block checksum mismatch"));
        }
        if stored {
            output.push(block)?;
        } else {
            decompress_block(block, frame.block_bytes_max, output)?;
        }
    }
}

fn decompress_block(block: &[u8], bytes_max: usize, output: &mut Output) -> Result<(), Failure> {
    let wanted = bytes_max.min(block.len() * EXPANSION_MAX);
    let limited = output.allowance() < wanted;
    let room = output.room(wanted);
    let room = if room.len() > bytes_max { &mut room[..bytes_max] } else { room };
    match decompress_into(block, room) {
        Ok(written) => {
            output.advance(written);
            Ok(())
        }
        Err(DecompressError::OutputTooSmall { .. }) if limited => Err(Failure::TooLarge),
        Err(error) => Err(Failure::stream(error)),
    }
}

struct FrameHeader {
    block_bytes_max: usize,
    block_checksum: bool,
}

impl FrameHeader {
    fn read(input: &mut Input<'_>, magic: i8) -> Result<Self, Failure> {
        if *input.chunk()? != MAGIC {
            return Err(Failure::stream("not an lz4 frame"));
        }
        let descriptor = input.rest;
        let [flags, block] = *input.chunk()?;
        if flags & VERSION_MASK != VERSION_1 || flags & RESERVED != 0 {
            return Err(Failure::stream("unsupported frame version or reserved bits set"));
        }
        if flags & INDEPENDENT_BLOCKS == 0 {
            return Err(Failure::stream("dependent blocks are not supported"));
        }
        let block_bytes_max = match block >> 4 {
            size @ 4..=7 if block & 0xf == 0 => 1 << (2 * size + 8),
            _ => return Err(Failure::stream("invalid block size")),
        };
        if flags & CONTENT_SIZE != 0 {
            input.take(8)?;
        }
        let descriptor = &descriptor[..descriptor.len() - input.rest.len()];
        let [stored] = *input.chunk()?;
        // Writers of magic 0 computed this checksum over the wrong bytes (KAFKA-3160).
        if magic > 0 && stored != (xxh32(descriptor) >> 8) as u8 {
            return Err(Failure::stream("frame header checksum mismatch"));
        }
        Ok(Self { block_bytes_max, block_checksum: flags & BLOCK_CHECKSUM != 0 })
    }
}

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Failure> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| Failure::stream("frame ended prematurely"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Result<&'a [u8; N], Failure> {
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or_else(|| Failure::stream("frame ended prematurely"))?;
        self.rest = rest;
        Ok(taken)
    }
}

/// Appends `input` to `out` as one frame: independent 64 KiB blocks, no checksums but the
/// header's.
pub(super) fn compress(input: &[u8], out: &mut Vec<u8>) {
    use std::io::Write;
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, out);
    // Writing to a vector does not fail.
    let written = encoder.write_all(input).is_ok() && encoder.try_finish().is_ok();
    debug_assert!(written);
}
