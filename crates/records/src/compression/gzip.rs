//! gzip members around deflate (RFC 1952), with a reused inflater.

use flate2::{Compress, Decompress, FlushCompress, FlushDecompress, Status};

use super::Failure;
use super::output::Output;
use crate::checksum::crc32;

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
/// Output room asked for at a time.
const STEP_BYTES: usize = 16 << 10;

pub(super) fn decompress(
    inflater: &mut Option<Decompress>,
    input: &[u8],
    output: &mut Output,
) -> Result<(), Failure> {
    let inflater = inflater.get_or_insert_with(|| Decompress::new(false));
    let mut rest = input;
    // Members may follow one another; what follows them and is none is ignored, as Java does.
    let mut body = member_body(rest).ok_or_else(|| Failure::stream("not in gzip format"))?;
    loop {
        rest = inflate_member(inflater, body, output)?;
        match member_body(rest) {
            Some(next) => body = next,
            None => return Ok(()),
        }
    }
}

/// Inflates one member and checks its trailer; what follows the member remains.
fn inflate_member<'a>(
    inflater: &mut Decompress,
    body: &'a [u8],
    output: &mut Output,
) -> Result<&'a [u8], Failure> {
    inflater.reset(false);
    let start = output.bytes().len();
    let truncated = || Failure::stream("unexpected end of the gzip stream");
    loop {
        let consumed = inflater.total_in() as usize;
        let produced = inflater.total_out();
        let allowance = output.allowance();
        let room = output.room(STEP_BYTES);
        let status = inflater
            .decompress(&body[consumed..], room, FlushDecompress::None)
            .map_err(Failure::stream)?;
        output.advance((inflater.total_out() - produced) as usize);
        let stuck = inflater.total_in() as usize == consumed && inflater.total_out() == produced;
        match status {
            Status::StreamEnd => break,
            _ if stuck && allowance == 0 => return Err(Failure::TooLarge),
            _ if stuck => return Err(truncated()),
            Status::Ok | Status::BufError => {}
        }
    }
    let (trailer, rest) =
        body[inflater.total_in() as usize..].split_first_chunk::<8>().ok_or_else(truncated)?;
    let produced = &output.bytes()[start..];
    let expected = [crc32(produced).to_le_bytes(), (produced.len() as u32).to_le_bytes()].concat();
    if trailer[..] != expected {
        return Err(Failure::stream("corrupt gzip trailer"));
    }
    Ok(rest)
}

/// The deflate stream behind the header at the front of `bytes`, if there is one.
fn member_body(bytes: &[u8]) -> Option<&[u8]> {
    let (fixed, mut rest) = bytes.split_first_chunk::<10>()?;
    if !fixed.starts_with(&MAGIC) {
        return None;
    }
    let flags = fixed[3];
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = rest.iter().position(|&byte| byte == 0)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

/// Appends `input` to `out` as one member.
pub(super) fn compress(deflater: &mut Compress, input: &[u8], out: &mut Vec<u8>) {
    deflater.reset();
    out.extend_from_slice(&MAGIC);
    // No flags, no time, no extra flags, unknown operating system.
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 255]);
    loop {
        out.reserve(STEP_BYTES.max(input.len() / 4));
        let consumed = deflater.total_in() as usize;
        // An error is only possible for a compressor that was given a dictionary or misused.
        match deflater.compress_vec(&input[consumed..], out, FlushCompress::Finish) {
            Ok(Status::StreamEnd) | Err(_) => break,
            Ok(Status::Ok | Status::BufError) => {}
        }
    }
    out.extend_from_slice(&crc32(input).to_le_bytes());
    out.extend_from_slice(&(input.len() as u32).to_le_bytes());
}
