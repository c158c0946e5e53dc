//! Writes a corpus for the `records_*` targets: the golden batches of `records`, whole and as
//! bare streams, and a produced batch per codec.

use std::fs;
use std::path::Path;

use records::{BatchBuilder, Compression, Record};

fn main() -> std::io::Result<()> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/records/tests/golden");
    for entry in fs::read_dir(golden)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            write(
                "records_batches",
                &name,
                &[&[0], &bytes(&fs::read_to_string(&path)?)[..]].concat(),
            )?;
        }
    }
    for id in 0..=4 {
        let compression = Compression::from_id(id).expect("an id of a codec");
        let mut builder = BatchBuilder::new(0).codec(compression);
        for timestamp in 0..5 {
            builder.push(&Record { timestamp, value: Some("value".into()), ..Record::default() });
        }
        let batch = builder.build();
        for rules in [0, id, 0x40, 0x80] {
            let seed = [&[rules], &batch[..]].concat();
            write("records_batches", &format!("produced-{compression}-{rules}"), &seed)?;
        }
        if let Some(codec) = id.checked_sub(1) {
            let seed = [&[codec | 8], &batch[61..]].concat();
            write("records_decompress", compression.name(), &seed)?;
        }
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
