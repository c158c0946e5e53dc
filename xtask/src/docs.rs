//! `docs`: the reference, generated from the tables the code itself follows.

mod compat;
mod config;
mod metrics;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use crate::Outcome;
use crate::workspace;

/// The generated documents: their paths from the root, and their text.
fn documents() -> Result<Vec<(PathBuf, String)>, Box<dyn Error>> {
    Ok(vec![
        (PathBuf::from("docs/reference/config.md"), config::reference()),
        (PathBuf::from("docs/reference/metrics.md"), metrics::reference()),
        (PathBuf::from("COMPAT.md"), compat::document(&workspace::root())?),
    ])
}

/// Writes the documents.
pub(crate) fn write() -> Outcome {
    for (path, text) in documents()? {
        let full = workspace::root().join(&path);
        if let Some(folder) = full.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(full, text)?;
        println!("docs: wrote {}", path.display());
    }
    Ok(())
}

/// Compares the documents with what is checked in.
pub(crate) fn check() -> Outcome {
    for (path, text) in documents()? {
        if fs::read_to_string(workspace::root().join(&path)).ok() != Some(text) {
            let path = path.display();
            return Err(format!("{path} is not up to date: run `cargo xtask docs`").into());
        }
    }
    println!("docs: up to date");
    Ok(())
}
