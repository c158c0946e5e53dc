//! The machine's own file systems.

use std::io::{self, IoSlice};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{DirEntry, Metadata, OpenOptions, Space};

/// The kernel takes at most this many pieces per call (`IOV_MAX`).
const PIECES_PER_CALL_MAX: usize = 1024;

pub(super) fn open(path: &Path, options: OpenOptions) -> io::Result<std::fs::File> {
    let OpenOptions { write, create, create_new, truncate } = options;
    std::fs::OpenOptions::new()
        .read(true)
        .write(write)
        .create(create)
        .create_new(create_new)
        .truncate(truncate)
        .open(path)
}

pub(super) fn write_vectored_at(
    file: &std::fs::File,
    mut pieces: &mut [IoSlice<'_>],
    mut offset: u64,
) -> io::Result<()> {
    // Leading empty pieces would make a write of nothing look like a full disk.
    IoSlice::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        let batch = &pieces[..pieces.len().min(PIECES_PER_CALL_MAX)];
        match rustix::io::pwritev(file, batch, offset) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                IoSlice::advance_slices(&mut pieces, written);
                offset += written as u64;
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

pub(super) fn read_dir(path: &Path) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let is_dir = if kind.is_symlink() {
            std::fs::metadata(entry.path()).is_ok_and(|target| target.is_dir())
        } else {
            kind.is_dir()
        };
        entries.push(DirEntry { name: entry.file_name().to_string_lossy().into_owned(), is_dir });
    }
    entries.sort();
    Ok(entries)
}

pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    std::fs::File::open(path)?.sync_all()
}

pub(super) fn metadata(path: &Path) -> io::Result<Metadata> {
    let metadata = std::fs::metadata(path)?;
    Ok(Metadata {
        len: metadata.len(),
        is_dir: metadata.is_dir(),
        modified_ms: metadata.modified().map_or(0, ms_since_epoch),
    })
}

pub(super) fn space(path: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(Space {
        total: stat.f_blocks.saturating_mul(stat.f_frsize),
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
    })
}

fn ms_since_epoch(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
    }
}
