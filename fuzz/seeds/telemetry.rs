//! Writes a corpus for `telemetry_otlp`: each kind of metric with one point, and an attribute of
//! each type.

use std::fs;
use std::path::Path;

fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short field");
    assert!(length < 128 && number < 16);
    [&[number << 3 | 2, length], bytes].concat()
}

fn fixed(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3 | 1, value, 0, 0, 0, 0, 0, 0, 0x40]
}

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/telemetry_otlp");
    fs::create_dir_all(&folder)?;
    let values = [
        field(1, b"text"),
        vec![2 << 3, 1],
        vec![3 << 3, 0xff, 1],
        fixed(4, 9),
        field(5, &field(1, &field(1, b"in"))),
        field(6, &field(1, &field(1, b"key"))),
        field(7, &[0, 1, 2]),
    ];
    let attribute = |value: &Vec<u8>| [field(1, b"name"), field(2, value)].concat();
    // The kind of a metric, the number of its points' attributes, and other fields of the points.
    let points = [
        (5, 7, [fixed(2, 1), fixed(3, 1), fixed(4, 1)].concat()),
        (7, 7, [fixed(6, 1), vec![8 << 3, 1]].concat()),
        (9, 9, [fixed(4, 1), field(6, &[0; 16]), field(7, &[0; 8]), fixed(11, 1)].concat()),
        (10, 1, [vec![6 << 3, 3], field(8, &[8, 1, 18, 2, 0x80, 1])].concat()),
        (11, 7, field(6, &[fixed(1, 1), fixed(2, 1)].concat())),
    ];
    for (at, (kind, attributes, rest)) in points.iter().enumerate() {
        for (which, value) in values.iter().enumerate() {
            let point = [rest.clone(), field(*attributes, &attribute(value))].concat();
            let metric = [field(1, b"m"), field(*kind, &field(1, &point))].concat();
            let resource = field(1, &field(1, &attribute(value)));
            let data = field(1, &[resource, field(2, &field(2, &metric))].concat());
            fs::write(folder.join(format!("seed-{at}-{which}")), [&[15], &data[..]].concat())?;
        }
    }
    Ok(())
}
