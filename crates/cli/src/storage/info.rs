//! `info`.

use env::Env;

use super::directories::{Directories, identity};
use crate::error::Error;
use crate::properties::Properties;
use crate::terminal::Terminal;

/// Shows the directories, whose they are, and what is wrong with them.
pub(super) fn run(
    env: &Env,
    configuration: &Properties,
    terminal: &mut Terminal,
) -> Result<(), Error> {
    let (mut found, mut problems, mut known) = (Vec::new(), Vec::new(), None);
    for dir in Directories::of(configuration).all {
        match env.files().metadata(&dir) {
            Err(_) => problems.push(format!("{dir} does not exist")),
            Ok(metadata) if !metadata.is_dir => {
                found.push(dir.clone());
                problems.push(format!("{dir} is not a directory"));
            }
            Ok(_) => {
                match identity(env.files(), &dir)? {
                    None => problems.push(format!("{dir} is not formatted.")),
                    Some(meta) if known.is_none() => known = Some(meta),
                    Some(_) => {}
                }
                found.push(dir);
            }
        }
    }
    if !found.is_empty() {
        let what = if found.len() == 1 { "directory" } else { "directories" };
        terminal.say(format!("Found log {what}:"))?;
        found.iter().try_for_each(|dir| terminal.say(format!("  {dir}")))?;
        terminal.say("")?;
    }
    if let Some(meta) = known {
        let id = if meta.version == 0 { "broker.id" } else { "node.id" };
        let mut fields = vec![
            meta.cluster_id.map(|cluster_id| format!("cluster.id={cluster_id}")),
            meta.directory_id.map(|directory_id| format!("directory.id={directory_id}")),
            meta.node_id.map(|node_id| format!("{id}={node_id}")),
        ];
        fields.push(Some(format!("version={}", meta.version)));
        let mut fields: Vec<String> = fields.into_iter().flatten().collect();
        fields.sort();
        terminal.say(format!("Found metadata: {{{}}}\n", fields.join(", ")))?;
    }
    if problems.is_empty() {
        return Ok(());
    }
    terminal.say(if problems.len() == 1 { "Found problem:" } else { "Found problems:" })?;
    problems.iter().try_for_each(|problem| terminal.say(format!("  {problem}")))?;
    terminal.say("")?;
    Err(Error::Told)
}
