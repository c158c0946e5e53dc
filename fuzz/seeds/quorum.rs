//! Writes a corpus for the `quorum_*` targets: the files of a directory that Apache Kafka 4.3.1
//! formatted and ran, kept as hexadecimal in the tests of `quorum-node`.

use std::fs;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/quorum-node/tests/golden");
    for entry in fs::read_dir(golden)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "hex") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let file = bytes(&fs::read_to_string(&path)?);
        let kind = match &*name {
            name if name.starts_with("quorum-state") => 0,
            name if name.ends_with("checkpoint") => 1,
            _ => 2,
        };
        write("quorum_files", &name, &[&[kind], &file[..]].concat())?;
    }
    // An election, appends and commits of one voter and of three.
    for voters in 0..3 {
        let mut seed = vec![voters, 0];
        for event in 0..60_u8 {
            seed.extend([event % 8, event, 2, event / 8, 200]);
        }
        write("quorum_machine", &format!("voters-{voters}"), &seed)?;
    }
    Ok(())
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits: Vec<u32> = hexadecimal.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

fn write(target: &str, name: &str, seed: &[u8]) -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(name), seed)
}
