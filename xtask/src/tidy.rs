//! `tidy`: what a reader of the source can rely on. Bans say what to do instead.

mod documents;
mod rust;

use std::fs;
use std::path::{Path, PathBuf};

use crate::Outcome;
use crate::workspace;

/// Something that is not as it should be, and where.
#[derive(Debug, PartialEq, Eq)]
struct Complaint {
    file: PathBuf,
    /// From 1; none if the whole file is meant.
    line: Option<usize>,
    what: String,
}

/// A file of the project, by its path from the root.
#[derive(Debug)]
struct SourceFile {
    path: PathBuf,
    text: String,
}

/// Folders that hold nothing of ours.
const SKIPPED: &[&str] = &["target", "node_modules", "corpus", "artifacts", ".git"];

pub(crate) fn run(_arguments: &[String]) -> Outcome {
    let root = workspace::root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let mut complaints = Vec::new();
    for file in &files {
        match file.path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => rust::check(file, &mut complaints),
            Some("md") => documents::check(&root, file, &mut complaints),
            _ => {}
        }
    }
    for Complaint { file, line, what } in &complaints {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        println!("{}{line}: {what}", file.display());
    }
    if !complaints.is_empty() {
        return Err(format!("{} complaints", complaints.len()).into());
    }
    println!("tidy: {} files", files.len());
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            if !SKIPPED.contains(&&*name) {
                collect(root, &path, files)?;
            }
        } else if name.ends_with(".rs") || name.ends_with(".md") {
            let text = fs::read_to_string(&path)?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_path_buf();
            files.push(SourceFile { path, text });
        }
    }
    Ok(())
}
