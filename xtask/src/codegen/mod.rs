//! Generates `crates/wire/src/generated/` from `crates/wire/messages/`.

mod emit;
mod model;
mod parser;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use model::{Api, Message};
use parser::Definitions;

const DEFINITIONS: &str = "crates/wire/messages";
const GENERATED: [&str; 2] = ["crates/wire/src/generated", "crates/wire/tests/messages/generated"];

/// The stored records and other messages that belong to no API: definition file and module.
pub(crate) struct Area {
    pub file: String,
    /// Name of the enum over all its messages, if there is to be one.
    pub union: Option<String>,
    pub messages: Vec<Message>,
}

/// Files by path.
type Files = BTreeMap<String, String>;

/// Writes the generated code.
pub(crate) fn write() -> Result<(), String> {
    for (folder, files) in GENERATED.into_iter().zip(generate()?) {
        put(&workspace().join(folder), &files)?;
    }
    Ok(())
}

/// Fails if the generated code is not what would be written.
pub(crate) fn check() -> Result<(), String> {
    let mut drift = Vec::new();
    for (folder, files) in GENERATED.into_iter().zip(generate()?) {
        let fresh = workspace().join("target/codegen-check");
        put(&fresh, &files)?;
        let names = differences(&workspace().join(folder), &fresh)?;
        drift.extend(names.into_iter().map(|name| format!("{folder}/{name}")));
    }
    if drift.is_empty() {
        return Ok(());
    }
    Err(format!("not what `cargo xtask codegen` writes: {}", drift.join(", ")))
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned).unwrap_or_default()
}

/// What goes into each of the folders of `GENERATED`, before formatting.
fn generate() -> Result<[Files; 2], String> {
    let (apis, areas) = load(&workspace().join(DEFINITIONS))?;
    let fill = emit::fill(&apis, &areas)?;
    Ok([emit::files(&apis, &areas)?, Files::from([("mod.rs".to_owned(), fill)])])
}

fn load(root: &Path) -> Result<(Vec<Api>, Vec<Area>), String> {
    let mut apis: Vec<Api> = Vec::new();
    let mut areas = Vec::new();
    for path in definition_files(root)? {
        let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        match parser::parse(&text).map_err(|error| format!("{}: {error}", path.display()))? {
            Definitions::Api(api) => apis.push(*api),
            Definitions::Messages { union, messages } => {
                let file = path.strip_prefix(root).unwrap_or(&path).with_extension("");
                let file = file.to_string_lossy().into_owned();
                areas.push(Area { file, union, messages });
            }
        }
    }
    apis.sort_by_key(|api| api.key);
    if let Some(pair) = apis.windows(2).find(|pair| pair[0].key == pair[1].key) {
        return Err(format!("{} and {} have the same key", pair[0].name, pair[1].name));
    }
    Ok((apis, areas))
}

fn definition_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            found.extend(definition_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "def") {
            found.push(path);
        }
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let fail = |error| format!("{}: {error}", folder.display());
    let mut paths = fs::read_dir(folder)
        .map_err(fail)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fail)?;
    paths.sort();
    Ok(paths)
}

/// Replaces what is in `root` by `files`, and formats `mod.rs`, from which rustfmt finds the
/// others. Twice, since the second run still changes what the first made of some long lines.
fn put(root: &Path, files: &Files) -> Result<(), String> {
    let fail = |error| format!("{}: {error}", root.display());
    if root.exists() {
        fs::remove_dir_all(root).map_err(fail)?;
    }
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(root)).map_err(fail)?;
        fs::write(&path, text).map_err(fail)?;
    }
    for _ in 0..2 {
        let outcome = Command::new("rustfmt")
            .args(["--edition", "2024", "--config-path"])
            .arg(workspace().join("rustfmt.toml"))
            .arg(root.join("mod.rs"))
            .status()
            .map_err(|error| format!("rustfmt: {error}"))?;
        if !outcome.success() {
            return Err("rustfmt failed".to_owned());
        }
    }
    Ok(())
}

/// Names of files that are in only one of the folders or differ.
fn differences(one: &Path, other: &Path) -> Result<Vec<String>, String> {
    let mut drift = Vec::new();
    let (ours, theirs) = (all_files(one)?, all_files(other)?);
    for name in ours.keys().chain(theirs.keys()) {
        if ours.get(name) != theirs.get(name) && !drift.contains(name) {
            drift.push(name.clone());
        }
    }
    Ok(drift)
}

fn all_files(root: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            found.insert(name, bytes);
        }
    }
    Ok(found)
}
