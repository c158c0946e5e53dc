//! `partition.metadata`: which topic a replica directory belongs to (kafka-storage §2).

use wire::Uuid;

use crate::checkpoint::{Malformed, text_of};

/// Name of the file in its replica directory.
pub const PARTITION_METADATA_FILE: &str = "partition.metadata";

/// Writes the file.
pub fn encode(topic_id: Uuid) -> Vec<u8> {
    format!("version: 0\ntopic_id: {topic_id}").into_bytes()
}

/// The topic id in the file; `None` when the file is empty, as a power cut can leave it.
///
/// # Errors
/// [`Malformed`] for another version, or a topic id that is none.
pub fn decode(bytes: &[u8]) -> Result<Option<Uuid>, Malformed> {
    let text = text_of(bytes)?;
    let mut lines = text.lines();
    let Some(version) = lines.next() else { return Ok(None) };
    match version.split_once(':').map(|(key, value)| (key, value.trim())) {
        Some(("version", "0")) => {}
        Some(("version", version)) => {
            return Err(Malformed::new(1, format!("unknown version {version:?}, expected 0")));
        }
        _ => return Err(Malformed::new(1, "version: is missing")),
    }
    let line = lines.next().unwrap_or_default();
    let id = match line.split_once(':') {
        Some(("topic_id", id)) => id.trim(),
        _ => return Err(Malformed::new(2, "topic_id: is missing")),
    };
    match id.parse::<Uuid>() {
        Ok(id) if !id.is_zero() => Ok(Some(id)),
        _ => Err(Malformed::new(2, format!("{id:?} is not a topic id"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_in_kafkas_form() {
        let id = Uuid::from_halves(0, 1);
        assert_eq!(encode(id), b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(decode(&encode(id)), Ok(Some(id)));
        assert_eq!(decode(b""), Ok(None));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_line() {
        let cases: [(&[u8], usize); 6] = [
            (b"version: 1\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ", 1),
            (b"topic_id: AAAAAAAAAAAAAAAAAAAAAQ", 1),
            (b"version: 0", 2),
            (b"version: 0\ntopic_id: x", 2),
            (b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAA", 2),
            (b"\xff", 1),
        ];
        for (text, line) in cases {
            assert_eq!(decode(text).unwrap_err().line, line, "{text:?}");
        }
    }
}
