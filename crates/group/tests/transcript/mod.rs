//! A transcript is a text of commands and of what they lead to.
//!
//! ```text
//! # A remark.
//! join a g member=
//! ----
//! a: MEMBER_ID_REQUIRED ...
//! ```
//!
//! A paragraph is a remark, or one or more commands, a line `----` and the effects. The shard under
//! test has a log in memory, whose records are encoded and decoded; what is written is committed at
//! once, unless `hold` was said.

mod cluster;
mod command;
mod consumer;
mod share;
mod show;
mod streams;
mod world;

use command::Command;
use world::World;

/// The transcript with the effects as they are.
pub(crate) fn run(text: &str) -> String {
    let mut world = World::new();
    let paragraphs: Vec<String> = text
        .trim_end()
        .split("\n\n")
        .map(|paragraph| run_paragraph(&mut world, paragraph))
        .collect();
    paragraphs.join("\n\n") + "\n"
}

fn run_paragraph(world: &mut World, paragraph: &str) -> String {
    let commands: Vec<&str> = paragraph.lines().take_while(|line| *line != "----").collect();
    let mut lines: Vec<String> = commands.iter().map(|line| (*line).to_owned()).collect();
    let mut effects = Vec::new();
    let mut any = false;
    for line in commands.iter().filter(|line| !line.starts_with('#')) {
        any = true;
        let command = Command::parse(line, world);
        world.run(command);
        effects.append(&mut world.shown);
    }
    if any {
        lines.push("----".to_owned());
        lines.append(&mut effects);
    }
    lines.join("\n")
}
