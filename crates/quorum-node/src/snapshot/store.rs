//! The snapshot files in the metadata log's directory.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use env::{File, Files, OpenOptions};
use quorum::SnapshotId;

use super::contents::{Encoder, Head, SnapshotContents};
use super::name::{self, DELETED_SUFFIX, PARTIAL_SUFFIX, SUFFIX};
use crate::error::Error;

/// Finds, reads, writes and removes snapshots. All of it waits for the disk.
#[derive(Clone, Debug)]
pub(crate) struct SnapshotStore {
    files: Files,
    dir: PathBuf,
}

impl SnapshotStore {
    pub(crate) fn new(files: Files, dir: PathBuf) -> Self {
        Self { files, dir }
    }

    /// Where the snapshot is, or would be.
    pub(crate) fn path(&self, id: SnapshotId) -> PathBuf {
        self.dir.join(name::file_name(id))
    }

    /// All complete snapshots with their size; removes what a crash left half done.
    pub(crate) fn load(&self) -> Result<Vec<(SnapshotId, u64)>, Error> {
        let mut found = Vec::new();
        for entry in self.files.read_dir(&self.dir).map_err(Error::io(&self.dir))? {
            let path = self.dir.join(&entry.name);
            if entry.name.ends_with(PARTIAL_SUFFIX) || entry.name.ends_with(DELETED_SUFFIX) {
                self.files.remove_file(&path).map_err(Error::io(&path))?;
            } else if let Some(id) = name::parse(&entry.name) {
                let metadata = self.files.metadata(&path).map_err(Error::io(&path))?;
                found.push((id, metadata.len));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// When the file was last written, milliseconds since 1970.
    pub(crate) fn modified_ms(&self, id: SnapshotId) -> Result<i64, Error> {
        let path = self.path(id);
        Ok(self.files.metadata(&path).map_err(Error::io(&path))?.modified_ms)
    }

    /// Reads and checks a snapshot.
    pub(crate) fn read(&self, id: SnapshotId) -> Result<SnapshotContents, Error> {
        let path = self.path(id);
        let bytes = self.files.read(&path).map_err(Error::io(&path))?;
        SnapshotContents::decode(&bytes.into()).map_err(|error| Error::corrupt(&path, error))
    }

    /// Opens a snapshot to hand pieces of it to a follower.
    pub(crate) fn open(&self, id: SnapshotId) -> Result<File, Error> {
        let path = self.path(id);
        self.files.open(&path, OpenOptions::read()).map_err(Error::io(&path))
    }

    /// Writes a snapshot so that it is there whole or not at all; says how large it is.
    pub(crate) fn write(
        &self,
        id: SnapshotId,
        head: &Head,
        records: impl IntoIterator<Item = Bytes>,
    ) -> Result<u64, Error> {
        let mut partial = Partial::create(&self.files, &self.dir, id)?;
        let encoding = |error: wire::EncodeError| Error::corrupt(self.path(id), error);
        let (mut encoder, first) = Encoder::start(head).map_err(encoding)?;
        partial.append(&first)?;
        for record in records {
            if let Some(batch) = encoder.push(&record) {
                partial.append(&batch)?;
            }
        }
        for batch in encoder.finish().map_err(encoding)?.into_iter().flatten() {
            partial.append(&batch)?;
        }
        partial.complete(&self.path(id))
    }

    /// Starts to download a snapshot.
    pub(crate) fn download(&self, id: SnapshotId) -> Result<Download, Error> {
        Ok(Download { id, partial: Partial::create(&self.files, &self.dir, id)? })
    }

    /// Checks what was downloaded and gives it its name. An unsound one is removed.
    pub(crate) fn install(
        &self,
        download: Download,
    ) -> Result<Result<(SnapshotContents, u64), Error>, Error> {
        let Download { id, partial } = download;
        let bytes = self.files.read(&partial.path).map_err(Error::io(&partial.path))?;
        match SnapshotContents::decode(&bytes.into()) {
            Ok(contents) => Ok(Ok((contents, partial.complete(&self.path(id))?))),
            Err(error) => {
                self.files.remove_file(&partial.path).map_err(Error::io(&partial.path))?;
                Ok(Err(Error::corrupt(&partial.path, error)))
            }
        }
    }

    /// Removes a snapshot; whoever reads it goes on undisturbed.
    pub(crate) fn remove(&self, id: SnapshotId) -> Result<(), Error> {
        let path = self.path(id);
        let deleted = self.dir.join(name::stem(id) + DELETED_SUFFIX);
        self.files.rename(&path, &deleted).map_err(Error::io(&path))?;
        self.files.remove_file(&deleted).map_err(Error::io(&deleted))
    }
}

/// A download under way.
#[derive(Debug)]
pub(crate) struct Download {
    id: SnapshotId,
    partial: Partial,
}

impl Download {
    pub(crate) fn id(&self) -> SnapshotId {
        self.id
    }

    /// Keeps a piece, which must follow the last.
    pub(crate) fn write(&mut self, position: u64, bytes: &[u8]) -> Result<(), Error> {
        debug_assert_eq!(position, self.partial.len, "pieces come in order");
        self.partial.append(bytes)
    }
}

/// A file that gets its name when it is complete.
#[derive(Debug)]
struct Partial {
    files: Files,
    dir: PathBuf,
    path: PathBuf,
    file: File,
    len: u64,
}

impl Partial {
    fn create(files: &Files, dir: &Path, id: SnapshotId) -> Result<Self, Error> {
        let path = dir.join(name::stem(id) + PARTIAL_SUFFIX);
        debug_assert!(PARTIAL_SUFFIX.starts_with(SUFFIX));
        let file = files.open(&path, OpenOptions::truncate()).map_err(Error::io(&path))?;
        Ok(Self { files: files.clone(), dir: dir.to_owned(), path, file, len: 0 })
    }

    fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all_at(bytes, self.len).map_err(Error::io(&self.path))?;
        self.len += bytes.len() as u64;
        Ok(())
    }

    fn complete(self, path: &Path) -> Result<u64, Error> {
        self.file.sync_all().map_err(Error::io(&self.path))?;
        self.files.rename(&self.path, path).map_err(Error::io(path))?;
        self.files.sync_dir(&self.dir).map_err(Error::io(&self.dir))?;
        Ok(self.len)
    }
}
