//! Directories of a simulated disk. A change of entries is durable only after a sync of the
//! directory; a power loss keeps a prefix of the changes since, as a journaling file system does.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::content::Content;
use crate::Random;

/// A file or a directory, whatever its name.
#[derive(Clone, Debug)]
pub(super) enum Node {
    File(Shared<Content>),
    Dir(Shared<Dir>),
}

/// Content that directory entries and open files share. Everything runs under the disk's own
/// lock, so this one is never contended.
#[derive(Debug)]
pub(super) struct Shared<T>(Arc<Mutex<T>>);

#[derive(Debug, Default)]
pub(super) struct Dir {
    live: BTreeMap<String, Node>,
    durable: BTreeMap<String, Node>,
    unsynced: Vec<Change>,
}

/// One atomic change of a directory: a rename within it both removes and sets.
#[derive(Clone, Debug)]
struct Change {
    removed: Option<String>,
    set: Option<(String, Node)>,
}

impl Dir {
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.live.get(name)
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Node)> {
        self.live.iter()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live.is_empty()
    }

    pub(super) fn set(&mut self, name: &str, node: Node) {
        self.change(Change { removed: None, set: Some((name.to_owned(), node)) });
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.change(Change { removed: Some(name.to_owned()), set: None });
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, node: Node) {
        self.change(Change { removed: Some(from.to_owned()), set: Some((to.to_owned(), node)) });
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.unsynced.push(change);
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    pub(super) fn power_loss(&mut self, random: &Random) {
        let kept = random.below(self.unsynced.len() as u64 + 1) as usize;
        self.unsynced.truncate(kept);
        self.sync();
        self.live = self.durable.clone();
        for node in self.live.values() {
            match node {
                Node::File(content) => content.lock().power_loss(random),
                Node::Dir(dir) => dir.lock().power_loss(random),
            }
        }
    }
}

impl Change {
    fn apply(&self, entries: &mut BTreeMap<String, Node>) {
        if let Some(name) = &self.removed {
            entries.remove(name);
        }
        if let Some((name, node)) = &self.set {
            entries.insert(name.clone(), node.clone());
        }
    }
}

impl Node {
    pub(super) fn is_dir(&self) -> bool {
        matches!(self, Self::Dir(_))
    }

    pub(super) fn as_dir(&self) -> io::Result<&Shared<Dir>> {
        match self {
            Self::Dir(dir) => Ok(dir),
            Self::File(_) => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    /// Bytes of disk it takes up, with all below it.
    pub(super) fn allocated(&self) -> u64 {
        match self {
            Self::File(content) => content.lock().allocated(),
            Self::Dir(dir) => dir.lock().live.values().map(Self::allocated).sum(),
        }
    }

    /// Follows `path` down from this directory.
    pub(super) fn find(&self, path: &Path) -> io::Result<Self> {
        let mut node = self.clone();
        for name in names(path)? {
            let next = node.as_dir()?.lock().get(name).cloned();
            node = next.ok_or(io::ErrorKind::NotFound)?;
        }
        Ok(node)
    }

    /// The directory that holds the last component of `path`, and that component.
    pub(super) fn find_parent<'path>(
        &self,
        path: &'path Path,
    ) -> io::Result<(Shared<Dir>, &'path str)> {
        let mut names = names(path)?;
        let last = names.pop().ok_or(io::ErrorKind::InvalidInput)?;
        let mut node = self.clone();
        for name in names {
            let next = node.as_dir()?.lock().get(name).cloned();
            node = next.ok_or(io::ErrorKind::NotFound)?;
        }
        Ok((node.as_dir()?.clone(), last))
    }
}

/// The components of a path; a relative one starts at the root, too.
pub(super) fn names(path: &Path) -> io::Result<Vec<&str>> {
    let mut names = Vec::new();
    for component in path.components() {
        match component {
            Component::RootDir | Component::CurDir => {}
            Component::Normal(name) => {
                names.push(name.to_str().ok_or(io::ErrorKind::InvalidFilename)?);
            }
            Component::ParentDir => {
                names.pop();
            }
            Component::Prefix(_) => return Err(io::ErrorKind::InvalidFilename.into()),
        }
    }
    Ok(names)
}

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(value)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}
