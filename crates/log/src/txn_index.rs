//! The index of aborted transactions of a segment (kafka-storage 3.5).

use std::io;
use std::sync::Arc;

use env::OpenOptions;
use replica::AbortedTransaction;

use crate::segment::Segment;
use crate::{Error, SegmentFile};

const SIZE: usize = 34;
const VERSION: i16 = 0;

fn encode(entry: &AbortedTransaction) -> [u8; SIZE] {
    let mut bytes = [0; SIZE];
    bytes[..2].copy_from_slice(&VERSION.to_be_bytes());
    let fields =
        [entry.producer_id, entry.first_offset, entry.last_offset, entry.last_stable_offset];
    for (field, place) in fields.iter().zip(bytes[2..].chunks_exact_mut(8)) {
        place.copy_from_slice(&field.to_be_bytes());
    }
    bytes
}

fn decode_entry(bytes: &[u8; SIZE]) -> Option<AbortedTransaction> {
    let mut fields = bytes[2..]
        .chunks_exact(8)
        .map(|field| field.iter().fold(0_i64, |value, byte| value << 8 | i64::from(*byte)));
    let entry = AbortedTransaction {
        producer_id: fields.next()?,
        first_offset: fields.next()?,
        last_offset: fields.next()?,
        last_stable_offset: fields.next()?,
    };
    let valid = bytes[..2] == VERSION.to_be_bytes() && entry.first_offset <= entry.last_offset;
    valid.then_some(entry)
}

/// Reads all entries. A file that does not hold together is given up at the first entry that is
/// wrong, which is the error.
pub(crate) fn read(segment: &Arc<Segment>) -> Result<Vec<AbortedTransaction>, Error> {
    if !segment.has_aborted() {
        return Ok(Vec::new());
    }
    let path = segment.path(SegmentFile::TxnIndex);
    let bytes = match segment.read_file(SegmentFile::TxnIndex) {
        // Which transactions were aborted is not known any more: whoever asks has to look anew.
        Err(error) if error.kind() == io::ErrorKind::NotFound && segment.is_discarded() => {
            return Err(Error::Closed { path });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        bytes => segment.home.checked(&path, bytes)?,
    };
    decode(&bytes)
        .map_err(|position| Error::corrupt(path, position, "not an entry of a transaction index"))
}

/// The entries in the bytes of a file, or the position of the first that is none.
pub fn decode(bytes: &[u8]) -> Result<Vec<AbortedTransaction>, u64> {
    let (entries, rest) = bytes.as_chunks::<SIZE>();
    let mut decoded = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        decoded.push(decode_entry(entry).ok_or((index * SIZE) as u64)?);
    }
    if rest.is_empty() { Ok(decoded) } else { Err((entries.len() * SIZE) as u64) }
}

/// Adds an entry. For the one writer.
pub(crate) fn append(segment: &Arc<Segment>, entry: &AbortedTransaction) -> Result<(), Error> {
    let path = segment.io(SegmentFile::TxnIndex).path();
    let files = segment.home.dir.files();
    let written = files.open(&path, OpenOptions::create()).and_then(|file| {
        let len = file.len()?;
        file.write_all_at(&encode(entry), len - len % SIZE as u64)
    });
    segment.home.checked(&path, written)?;
    segment.set_has_aborted(true);
    Ok(())
}

/// Replaces the file by one with these entries, or removes it if there are none.
pub(crate) fn rewrite(segment: &Arc<Segment>, entries: &[AbortedTransaction]) -> Result<(), Error> {
    let path = segment.io(SegmentFile::TxnIndex).path();
    let files = segment.home.dir.files();
    let bytes: Vec<u8> = entries.iter().flat_map(encode).collect();
    let result = if bytes.is_empty() {
        match files.remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    } else {
        files.open(&path, OpenOptions::truncate()).and_then(|file| file.write_all_at(&bytes, 0))
    };
    segment.home.checked(&path, result)?;
    segment.set_has_aborted(!entries.is_empty());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_in_kafkas_form() {
        let entry = AbortedTransaction {
            producer_id: 1,
            first_offset: 0x0203,
            last_offset: 0x0405,
            last_stable_offset: -1,
        };
        let bytes = encode(&entry);
        assert_eq!(bytes[..2], [0, 0]);
        assert_eq!(bytes[8..18], [0, 1, 0, 0, 0, 0, 0, 0, 2, 3]);
        assert_eq!(decode(&bytes), Ok(vec![entry]));
        assert_eq!(decode(&[]), Ok(vec![]));
    }

    #[test]
    fn what_does_not_fit_is_named_by_position() {
        let entry = AbortedTransaction {
            producer_id: 1,
            first_offset: 2,
            last_offset: 5,
            last_stable_offset: 2,
        };
        let mut bytes = [encode(&entry), encode(&entry)].concat();
        assert_eq!(decode(&bytes[..60]), Err(34));
        bytes[35] = 1;
        assert_eq!(decode(&bytes), Err(34));
    }
}
