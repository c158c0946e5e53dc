//! Rules for documents: the paths they name exist.

use std::path::Path;

use super::{Complaint, SourceFile};

/// Folders whose names begin a path of the project.
const ROOTS: &[&str] =
    &["crates", "xtask", "docs", "fuzz", "interop", "bench", "sim", ".ci", ".cargo"];

/// Endings of files that stand in the root.
const ENDINGS: &[&str] = &[".md", ".toml", ".txt", ".lock"];

/// Files that only exist after something ran, and folders of the user's own.
const MADE_LATER: &[&str] = &["fuzz/corpus", "fuzz/artifacts", "fuzz/target"];

pub(super) fn check(root: &Path, file: &SourceFile, complaints: &mut Vec<Complaint>) {
    let folder = root.join(file.path.parent().unwrap_or_else(|| Path::new("")));
    let mut in_block = false;
    for (at, line) in file.text.lines().enumerate() {
        in_block ^= line.trim_start().starts_with("```");
        if in_block {
            continue;
        }
        for path in named_paths(line) {
            if !root.join(path).exists() && !folder.join(path).exists() {
                let what = format!("`{path}` does not exist");
                complaints.push(Complaint { file: file.path.clone(), line: Some(at + 1), what });
            }
        }
    }
}

/// What in a line is the path of a file or folder here: in backquotes, or where a link leads.
fn named_paths(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2).filter(|text| is_path(text));
    let linked = line.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(to, _)| to));
    let linked = linked.filter(|to| !to.contains("://") && !to.starts_with('#'));
    let linked = linked.map(|to| to.split_once('#').map_or(to, |(file, _)| file));
    quoted.chain(linked).collect()
}

fn is_path(text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    if !plain || MADE_LATER.iter().any(|made| text.starts_with(made)) {
        return false;
    }
    match text.split_once('/') {
        Some((first, rest)) => ROOTS.contains(&first) && !rest.contains("//"),
        None => ENDINGS.iter().any(|ending| text.ends_with(ending) && text.len() > ending.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_other_code() {
        assert_eq!(named_paths("see `crates/wire/messages` and `a/b`"), ["crates/wire/messages"]);
        assert_eq!(
            named_paths("[it](COMPAT.md#x) [web](https://a.b/c.md) [up](#up)"),
            ["COMPAT.md"]
        );
        assert_eq!(named_paths("`layers.txt`, `crates/<name>`, `fuzz/corpus/x`"), ["layers.txt"]);
        assert!(named_paths("`server.properties` `.md` `docs/*.md`").is_empty());
    }
}
