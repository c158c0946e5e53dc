//! `check-layers`: do the crates depend on each other only as `layers.txt` allows?

use std::fs;

use crate::Outcome;
use crate::workspace::{self, Crate};

const FILE: &str = "layers.txt";

/// Crates that stand beside the floors.
const SIDE: &[&str] = &["xtask", "bench", "interop", "fuzz"];

/// The floors as written.
#[derive(Debug, Default)]
struct Layers {
    floors: Vec<Floor>,
}

#[derive(Debug)]
struct Floor {
    name: String,
    /// Outside crates its crates must not use.
    without: Vec<String>,
    crates: Vec<Room>,
}

#[derive(Debug)]
struct Room {
    name: String,
    /// Crates of the same floor it may use.
    beside: Vec<String>,
}

pub(crate) fn run(_arguments: &[String]) -> Outcome {
    let layers = Layers::read(&fs::read_to_string(workspace::root().join(FILE))?)?;
    let crates = workspace::crates()?;
    let complaints = layers.complaints(&crates);
    for complaint in &complaints {
        println!("{complaint}");
    }
    if !complaints.is_empty() {
        return Err(format!("{} dependencies do not fit {FILE}", complaints.len()).into());
    }
    println!("layers: {} crates fit {FILE}", crates.len());
    Ok(())
}

impl Layers {
    fn read(text: &str) -> Result<Layers, String> {
        let mut layers = Layers::default();
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
            if let Some(floor) = line.strip_prefix("floor ") {
                let mut words = floor.split_whitespace().map(str::to_owned);
                let name = words.next().ok_or("a floor without name")?;
                let without = words.skip_while(|word| word == "without").collect();
                layers.floors.push(Floor { name, without, crates: Vec::new() });
                continue;
            }
            let floor = layers.floors.last_mut().ok_or("a crate before the first floor")?;
            let (name, beside) = line.split_once("->").unwrap_or((line, ""));
            let beside: Vec<String> = beside.split_whitespace().map(str::to_owned).collect();
            // only upwards in the file, so that no two crates of a floor need each other
            for other in &beside {
                if !floor.crates.iter().any(|room| room.name == *other) {
                    return Err(format!("{FILE}: {other} does not stand above {}", name.trim()));
                }
            }
            floor.crates.push(Room { name: name.trim().to_owned(), beside });
        }
        Ok(layers)
    }

    fn floor_of(&self, name: &str) -> Option<usize> {
        self.floors.iter().position(|floor| floor.crates.iter().any(|room| room.name == name))
    }

    fn complaints(&self, crates: &[Crate]) -> Vec<String> {
        let mut complaints = Vec::new();
        for krate in crates.iter().filter(|krate| !SIDE.contains(&krate.name.as_str())) {
            let Some(at) = self.floor_of(&krate.name) else {
                complaints.push(format!("{} has no floor", krate.name));
                continue;
            };
            let floor = &self.floors[at];
            let beside = floor.crates.iter().find(|room| room.name == krate.name);
            for dependency in &krate.dependencies {
                let allowed = match self.floor_of(dependency) {
                    Some(other) if other == at => {
                        beside.is_some_and(|room| room.beside.contains(dependency))
                    }
                    Some(other) => other < at,
                    None if SIDE.contains(&dependency.as_str()) => false,
                    None => !floor.without.contains(dependency),
                };
                if !allowed {
                    let (name, floor) = (&krate.name, &floor.name);
                    complaints.push(format!("{name} (floor {floor}) must not use {dependency}"));
                }
            }
        }
        complaints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYERS: &str =
        "floor words without tokio\n  wire\n  records -> wire\nfloor engines\n  log";

    fn complaints(name: &str, dependencies: &[&str]) -> Vec<String> {
        let dependencies = dependencies.iter().map(ToString::to_string).collect();
        let krate = Crate { name: name.to_owned(), dependencies };
        Layers::read(LAYERS).unwrap().complaints(&[krate])
    }

    #[test]
    fn a_crate_may_use_lower_floors_and_what_stands_beside_it() {
        assert!(complaints("log", &["wire", "records", "tokio"]).is_empty());
        assert!(complaints("records", &["wire", "bytes"]).is_empty());
    }

    #[test]
    fn other_dependencies_are_named() {
        let upward = complaints("records", &["log"]);
        assert_eq!(upward, ["records (floor words) must not use log"]);
        assert_eq!(complaints("wire", &["records", "tokio"]).len(), 2);
        assert_eq!(complaints("new", &[]), ["new has no floor"]);
    }

    #[test]
    fn two_crates_of_a_floor_cannot_use_each_other() {
        assert!(Layers::read("floor words\n  a -> b\n  b -> a").is_err());
    }
}
