//! Snappy in Xerial framing, as Java's snappy streams write it: a header, then blocks with a
//! length each. A lone raw Snappy block without framing is accepted, as Kafka's reader does.

use super::Failure;
use super::output::Output;

const MAGIC: [u8; 8] = *b"\x82SNAPPY\0";
/// Magic, version, lowest compatible version.
const HEADER: [u8; 16] = *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01";
/// Bytes of input per block, the default of Java's streams.
const BLOCK_BYTES: usize = 32 << 10;
/// Snappy emits at most 64 bytes for a 3-byte element; a claim beyond this is a lie.
const EXPANSION_MAX: usize = 64;

pub(super) fn decompress(input: &[u8], output: &mut Output) -> Result<(), Failure> {
    if !input.starts_with(&MAGIC) {
        return block(input, output);
    }
    let mut rest = input.get(HEADER.len()..).ok_or_else(|| Failure::stream("short header"))?;
    while !rest.is_empty() {
        // Concatenated streams each begin with a header of their own.
        if rest.starts_with(&MAGIC) {
            rest = rest.get(HEADER.len()..).ok_or_else(|| Failure::stream("short header"))?;
            continue;
        }
        let (length, after) =
            rest.split_first_chunk().ok_or_else(|| Failure::stream("short block length"))?;
        let length = u32::from_be_bytes(*length) as usize;
        if length > after.len() {
            return Err(Failure::stream("block is longer than the input"));
        }
        let (compressed, after) = after.split_at(length);
        block(compressed, output)?;
        rest = after;
    }
    Ok(())
}

fn block(compressed: &[u8], output: &mut Output) -> Result<(), Failure> {
    let claimed = snap::raw::decompress_len(compressed).map_err(Failure::stream)?;
    if claimed > compressed.len() * EXPANSION_MAX {
        return Err(Failure::stream("block claims more than it can hold"));
    }
    if claimed > output.allowance() {
        return Err(Failure::TooLarge);
    }
    let room = &mut output.room(claimed)[..claimed];
    let written =
        snap::raw::Decoder::new().decompress(compressed, room).map_err(Failure::stream)?;
    output.advance(written);
    Ok(())
}

pub(super) fn compress(encoder: &mut snap::raw::Encoder, input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&HEADER);
    for block in input.chunks(BLOCK_BYTES) {
        let length_at = out.len();
        let body_at = length_at + 4;
        out.resize(body_at + snap::raw::max_compress_len(block.len()), 0);
        // Fails only when the room is too small, and it is as large as the codec asks for.
        let length = encoder.compress(block, &mut out[body_at..]).unwrap_or(0);
        out[length_at..body_at].copy_from_slice(&(length as u32).to_be_bytes());
        out.truncate(body_at + length);
    }
}
