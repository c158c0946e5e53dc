//! Names of snapshot files: `<20 digits end offset>-<10 digits epoch>.checkpoint`.

use quorum::SnapshotId;

/// What a complete snapshot's name ends with.
pub(crate) const SUFFIX: &str = ".checkpoint";
/// What the name of one being written ends with.
pub(crate) const PARTIAL_SUFFIX: &str = ".checkpoint.part";
/// What the name of one about to be removed ends with.
pub(crate) const DELETED_SUFFIX: &str = ".checkpoint.deleted";

/// The part of the name that says which snapshot it is.
pub(crate) fn stem(id: SnapshotId) -> String {
    format!("{:020}-{:010}", id.offset, id.epoch)
}

/// Name of the complete file.
pub fn file_name(id: SnapshotId) -> String {
    stem(id) + SUFFIX
}

/// The snapshot a complete file's name stands for; `None` for any other name.
pub fn parse(name: &str) -> Option<SnapshotId> {
    let (offset, epoch) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    let is_number =
        |digits: &str, len| digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(offset, 20) || !is_number(epoch, 10) {
        return None;
    }
    Some(SnapshotId::new(offset.parse().ok()?, epoch.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        let id = SnapshotId::new(1234, 7);
        assert_eq!(file_name(id), "00000000000000001234-0000000007.checkpoint");
        assert_eq!(parse(&file_name(id)), Some(id));
        for other in [
            "00000000000000001234-0000000007.checkpoint.part",
            "0000000000000001234-0000000007.checkpoint",
            "0000000000000000123x-0000000007.checkpoint",
            "99999999999999999999-0000000007.checkpoint",
            "bootstrap.checkpoint",
            "",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
