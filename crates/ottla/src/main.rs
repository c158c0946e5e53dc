//! The one binary: `ottla start` runs a node, `ottla kafka-topics …` and its kin are the tools.

fn main() {}
