//! Writes a corpus for `config_server`: single settings with values that are valid and values that
//! are not, from the answers of Apache Kafka that `config` is tested with.

use std::fs;
use std::path::Path;

const VALUES: &str = include_str!("../../crates/config/tests/kafka/values.txt");
const STARTS: &str = include_str!("../../crates/config/tests/kafka/starts.txt");

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/config_server");
    fs::create_dir_all(&folder)?;
    let single = VALUES.lines().filter_map(|line| {
        let (_, setting) = line.split_once(' ')?;
        let (name, text) = setting.split_once(" \"")?;
        let (text, _) = text.split_once('"')?;
        Some(format!("{name} = {text}\n"))
    });
    let starts = STARTS.lines().filter(|line| !line.starts_with([' ', '#']));
    let whole = starts.map(|line| line.replace(' ', "\n# and\n"));
    let syntax = ["a\\\n  b:c\\u0041\n! comment\n\\ = x\\\\\n".to_owned()];
    for (at, seed) in single.chain(whole).chain(syntax).enumerate() {
        fs::write(folder.join(format!("seed-{at}")), seed)?;
    }
    Ok(())
}
