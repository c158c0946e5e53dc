//! Whose log directories these are (kafka-storage §4, rules 1 and 2).

use std::io;
use std::path::{Path, PathBuf};

use env::{Env, FileLock, Files};
use wire::Uuid;

use crate::clean_shutdown::{self, CLEAN_SHUTDOWN_FILE};
use crate::log_dirs::LogDirsOptions;
use crate::meta_properties::{META_PROPERTIES_FILE, MetaProperties};
use crate::{Error, ReplicaDirName};

const LOCK_FILE: &str = ".lock";

/// The directories of a node after the checks.
pub(crate) struct Identity {
    pub(crate) cluster_id: String,
    pub(crate) is_new: bool,
    pub(crate) dirs: Vec<FoundDir>,
}

/// A locked directory with its identity.
#[derive(Debug)]
pub(crate) struct FoundDir {
    pub(crate) path: PathBuf,
    pub(crate) id: Uuid,
    pub(crate) lock: FileLock,
}

/// Locks the directories and checks their `meta.properties` against each other and against what
/// is asked for; empty directories get theirs once all is well.
pub(crate) fn establish(env: &Env, options: &LogDirsOptions) -> Result<Identity, Error> {
    let files = env.files();
    let mut found = Vec::new();
    for path in &options.dirs {
        make_dir(files, path).map_err(Error::io(path))?;
        let lock = files.lock(path.join(LOCK_FILE)).map_err(Error::Locked)?;
        found.push((path.clone(), lock, read(files, path)?));
    }
    let known = found.iter().filter_map(|(path, _, meta)| Some((path, meta.as_ref()?)));
    let mut cluster_id = options.cluster_id.clone();
    for (path, meta) in known.clone() {
        let file = path.join(META_PROPERTIES_FILE);
        check(&file, meta, options.node_id, &mut cluster_id, options.cluster_id.is_some())?;
    }
    check_unique(known.clone())?;
    let is_new = known.clone().next().is_none();
    if !is_new {
        let empty = found.iter().filter(|(_, _, meta)| meta.is_none());
        for (path, ..) in empty {
            tracing::warn!(
                dir = %path.display(),
                "the log directory is empty and is made part of the cluster; is its disk mounted?"
            );
        }
    }
    let cluster_id = cluster_id.unwrap_or_else(|| new_id(env).to_string());
    let mut dirs = Vec::new();
    for (path, lock, meta) in found {
        let id = match meta.and_then(|meta| meta.directory_id) {
            Some(id) => id,
            None => {
                let id = new_id(env);
                let meta = MetaProperties::new(&*cluster_id, options.node_id, id);
                let file = path.join(META_PROPERTIES_FILE);
                files.write_atomically(&file, &meta.encode()).map_err(Error::io(&file))?;
                id
            }
        };
        dirs.push(FoundDir { path, id, lock });
    }
    Ok(Identity { cluster_id, is_new, dirs })
}

/// Makes a directory and its missing parents, durably: what is put into it and synced must not
/// be lost with it.
fn make_dir(files: &Files, path: &Path) -> io::Result<()> {
    let mut missing = Vec::new();
    for ancestor in path.ancestors().filter(|ancestor| !ancestor.as_os_str().is_empty()) {
        if files.exists(ancestor)? {
            break;
        }
        missing.push(ancestor);
    }
    files.create_dir_all(path).map_err(|error| {
        let text = format!("the directory cannot be made ({error}); choose another log.dirs");
        io::Error::new(error.kind(), text)
    })?;
    missing.iter().try_for_each(|made| match made.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => files.sync_dir(parent),
        _ => files.sync_dir("."),
    })
}

/// A random id whose text does not look like an option on a command line.
fn new_id(env: &Env) -> Uuid {
    loop {
        let id = Uuid(env.random().uuid());
        if !id.to_string().starts_with('-') {
            return id;
        }
    }
}

fn read(files: &Files, dir: &Path) -> Result<Option<MetaProperties>, Error> {
    let path = dir.join(META_PROPERTIES_FILE);
    match files.read(&path) {
        Ok(bytes) => MetaProperties::decode(&bytes).map(Some).map_err(Error::malformed(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let entries = files.read_dir(dir).map_err(Error::io(dir))?;
            let is_replica = |name: &str| ReplicaDirName::parse(name).is_some();
            if entries.iter().any(|entry| entry.is_dir && is_replica(&entry.name)) {
                return Err(Error::NoIdentity { dir: dir.to_owned() });
            }
            Ok(None)
        }
        Err(error) => Err(Error::io(&path)(error)),
    }
}

fn check(
    file: &Path,
    meta: &MetaProperties,
    node_id: i32,
    cluster_id: &mut Option<String>,
    asked_for: bool,
) -> Result<(), Error> {
    let mismatch = |key, found: String, expected: String, remedy| {
        Err(Error::Identity { path: file.to_owned(), key, found, expected, remedy })
    };
    if meta.version == 0 {
        let remedy = "the directory was used with ZooKeeper: migrate its cluster to KRaft with \
                      Apache Kafka 3.9 first, or choose an empty directory";
        return mismatch("version", "0".into(), "1".into(), remedy);
    }
    if let Some(found) = meta.node_id
        && found != node_id
    {
        let remedy = "set node.id to the node that the directory belongs to, or choose the \
                      directory of this node";
        return mismatch("node.id", found.to_string(), node_id.to_string(), remedy);
    }
    match (&meta.cluster_id, &*cluster_id) {
        (Some(found), Some(expected)) if found != expected => {
            let remedy = match asked_for {
                true => {
                    "the directory belongs to another cluster: start the node with that cluster \
                     id, or choose the directory of this cluster"
                }
                false => {
                    "the directories in log.dirs belong to different clusters: leave out those of \
                     the other one"
                }
            };
            mismatch("cluster.id", found.clone(), expected.clone(), remedy)
        }
        (Some(found), None) => {
            *cluster_id = Some(found.clone());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_unique<'a>(
    found: impl Iterator<Item = (&'a PathBuf, &'a MetaProperties)>,
) -> Result<(), Error> {
    let mut seen: Vec<(Uuid, &Path)> = Vec::new();
    for (path, meta) in found {
        let Some(id) = meta.directory_id else { continue };
        if let Some((_, other)) = seen.iter().find(|(known, _)| *known == id) {
            return Err(Error::Identity {
                path: path.join(META_PROPERTIES_FILE),
                key: "directory.id",
                found: format!("that of {}", other.display()),
                expected: "an id of its own".into(),
                remedy: "one of the two is a copy: leave it out of log.dirs",
            });
        }
        seen.push((id, path));
    }
    Ok(())
}

/// Reads and removes the mark of a clean stop: `None` if there is none, otherwise the broker
/// epoch in it.
pub(crate) fn take_clean_mark(files: &Files, dir: &Path) -> Result<Option<Option<i64>>, Error> {
    let path = dir.join(CLEAN_SHUTDOWN_FILE);
    let bytes = match files.read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes.map_err(Error::io(&path))?,
    };
    let removed = files.remove_file(&path).and_then(|()| files.sync_dir(dir));
    removed.map_err(Error::io(&path))?;
    Ok(Some(clean_shutdown::decode(&bytes)))
}
