//! Zstandard frames, with reused contexts.

use zstd::zstd_safe::{self, CCtx, DCtx};

use super::Failure;
use super::output::Output;

/// The library's "destination buffer is too small": its error 70, as a negated size.
const TOO_SMALL: usize = 0_usize.wrapping_sub(70);
/// How much a frame of unknown size is first assumed to expand.
const EXPANSION_GUESS: usize = 8;

/// The least room for a second try.
const ROOM_MIN: usize = 64 << 10;

/// Decompresses in one go into the output, and again into twice the room when that did not
/// suffice. The library's streaming mode would instead allocate the window that the frame claims
/// to need, up to 128 MiB.
pub(super) fn decompress(
    context: &mut Option<DCtx<'static>>,
    input: &[u8],
    output: &mut Output,
) -> Result<(), Failure> {
    let context = context.get_or_insert_with(DCtx::create);
    let mut wanted = match zstd_safe::get_frame_content_size(input) {
        Ok(Some(size)) => usize::try_from(size)
            .unwrap_or(usize::MAX)
            .min(input.len().saturating_mul(EXPANSION_GUESS * 4)),
        _ => input.len().saturating_mul(EXPANSION_GUESS),
    };
    loop {
        let allowance = output.allowance();
        let room = output.room(wanted);
        let size = room.len();
        match context.decompress(room, input) {
            Ok(written) => {
                output.advance(written);
                return Ok(());
            }
            Err(TOO_SMALL) if size >= allowance => return Err(Failure::TooLarge),
            // A frame may claim to be empty and not be: the room has to grow even from nothing.
            Err(TOO_SMALL) => wanted = size.saturating_mul(2).max(ROOM_MIN),
            Err(code) => return Err(Failure::stream(zstd_safe::get_error_name(code))),
        }
    }
}

/// Appends `input` to `out` as one frame.
pub(super) fn compress(context: &mut CCtx<'static>, level: i32, input: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + zstd_safe::compress_bound(input.len()), 0);
    // Fails only when the room is too small, and it is as large as the codec asks for.
    let written = context.compress(&mut out[start..], input, level).unwrap_or(0);
    out.truncate(start + written);
}
