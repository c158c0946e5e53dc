//! The workspace as the chores see it: its root, its crates, its files.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// A crate of the workspace.
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Names of the crates it depends on outside of tests, those of the workspace and others.
    pub(crate) dependencies: Vec<String>,
}

/// The folder of the root Cargo.toml.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// All crates of the workspace, by name.
pub(crate) fn crates() -> Result<Vec<Crate>, Box<dyn Error>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut crates: Vec<Crate> = list(&metadata["packages"]).map(read_crate).collect();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(crates)
}

fn read_crate(package: &Value) -> Crate {
    // a dependency without kind is a normal one; tests have `dev`
    let normal = list(&package["dependencies"]).filter(|dependency| dependency["kind"].is_null());
    Crate { name: text(&package["name"]), dependencies: normal.map(|d| text(&d["name"])).collect() }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
