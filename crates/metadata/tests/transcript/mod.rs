//! Transcripts: blocks of commands, a line `----`, and what they lead to.
//!
//! Blocks are separated by an empty line and go on where the one before ended; lines that start
//! with `#` are kept. Records are shown with `+`, and applied as if they were appended.

mod command;
mod show;
mod world;

use world::World;

/// The transcript with what its commands lead to.
pub(crate) fn run(transcript: &str) -> String {
    let mut world = World::default();
    let blocks = transcript.trim_end().split("\n\n").map(|block| {
        let (commands, _) = block.split_once("\n----").unwrap_or((block, ""));
        let mut shown = Vec::new();
        for line in commands.lines().filter(|line| !line.starts_with('#')) {
            shown.extend(command::run(&mut world, line));
        }
        let shown: String = shown.iter().map(|line| format!("\n{line}")).collect();
        format!("{commands}\n----{shown}")
    });
    blocks.collect::<Vec<_>>().join("\n\n") + "\n"
}
