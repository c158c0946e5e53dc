//! The text that Prometheus reads (exposition format 0.0.4).

use std::io::Write as _;

use crate::{Distribution, Kind, Metric, Row};

/// The value of a sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A whole number.
    Integer(i64),
    /// A whole number that may be above those of [`Value::Integer`].
    Unsigned(u64),
    /// Any number.
    Float(f64),
}

macro_rules! value_of {
    ($($from:ty => $variant:ident as $to:ty,)*) => {$(
        impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Self::$variant(value as $to)
            }
        }
    )*};
}

value_of! {
    bool => Integer as i64,
    i16 => Integer as i64,
    i32 => Integer as i64,
    i64 => Integer as i64,
    u32 => Unsigned as u64,
    u64 => Unsigned as u64,
    usize => Unsigned as u64,
    f64 => Float as f64,
}

/// Text in the making. All samples of a metric are written together.
#[derive(Debug, Default)]
pub struct Text {
    out: Vec<u8>,
}

/// The samples of one metric. Its head is written with the first of them.
#[derive(Debug)]
pub struct Family<'a, const N: usize> {
    text: &'a mut Text,
    row: &'static Row,
    begun: bool,
}

/// The quantiles a summary shows.
const QUANTILES: [(&str, f64); 6] = [
    ("0.50", 0.5),
    ("0.75", 0.75),
    ("0.95", 0.95),
    ("0.98", 0.98),
    ("0.99", 0.99),
    ("0.999", 0.999),
];

impl Text {
    /// Begins the samples of a metric.
    pub fn family<const N: usize>(&mut self, metric: &'static Metric<N>) -> Family<'_, N> {
        Family { text: self, row: metric.row(), begun: false }
    }

    /// Goes on with the samples of a metric whose head stands above.
    pub fn more<const N: usize>(&mut self, metric: &'static Metric<N>) -> Family<'_, N> {
        Family { text: self, row: metric.row(), begun: true }
    }

    /// Writes a metric that has one sample.
    pub fn one<const N: usize>(
        &mut self,
        metric: &'static Metric<N>,
        labels: [&str; N],
        value: impl Into<Value>,
    ) {
        self.family(metric).sample(labels, value);
    }

    /// Bytes that were written and not taken.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes what was written.
    pub fn take(&mut self) -> Vec<u8> {
        let room = self.out.len();
        std::mem::replace(&mut self.out, Vec::with_capacity(room))
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn head(&mut self, row: &Row) {
        self.push("# HELP ");
        self.push(row.name);
        self.push(" ");
        let doc = row.doc.trim();
        self.push(doc.strip_suffix('.').unwrap_or(doc));
        self.push("\n# TYPE ");
        self.push(row.name);
        self.push(" ");
        self.push(row.kind.name());
        self.push("\n");
    }

    fn labels<'l>(&mut self, labels: impl Iterator<Item = (&'l str, &'l str)>) {
        let mut separator = "{";
        // A label without a value is none.
        for (name, value) in labels.filter(|(_, value)| !value.is_empty()) {
            self.push(separator);
            self.push(name);
            self.push("=\"");
            self.escaped(value);
            self.push("\"");
            separator = ",";
        }
        if separator == "," {
            self.push("}");
        }
        self.push(" ");
    }

    fn escaped(&mut self, value: &str) {
        if !value.contains(['\\', '"', '\n']) {
            return self.push(value);
        }
        for c in value.chars() {
            match c {
                '\\' => self.push("\\\\"),
                '"' => self.push("\\\""),
                '\n' => self.push("\\n"),
                c => self.push(c.encode_utf8(&mut [0; 4])),
            }
        }
    }

    fn value(&mut self, value: Value) {
        match value {
            Value::Integer(value) if value < 0 => {
                self.push("-");
                self.digits(value.unsigned_abs());
            }
            Value::Integer(value) => self.digits(value.unsigned_abs()),
            Value::Unsigned(value) => self.digits(value),
            Value::Float(value) => {
                // A vector takes everything.
                let _ = write!(self.out, "{value}");
            }
        }
        self.push("\n");
    }

    /// Ten times faster than `write!`, and most of what there is to do with 10,000 partitions.
    fn digits(&mut self, mut value: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.out.extend_from_slice(&digits[at..]);
    }
}

impl<const N: usize> Family<'_, N> {
    fn begin(&mut self) {
        if !self.begun {
            self.begun = true;
            self.text.head(self.row);
        }
    }

    /// Writes a sample. A label with an empty value is left out.
    pub fn sample(&mut self, labels: [&str; N], value: impl Into<Value>) {
        self.begin();
        self.text.push(self.row.name);
        self.text.labels(self.row.labels.iter().copied().zip(labels));
        self.text.value(value.into());
    }

    /// Writes a summary: quantiles of what was seen lately, count and sum of all there was, with
    /// values in thousandths of the metric's unit.
    pub fn summary(&mut self, labels: [&str; N], recent: &Distribution, all: &Distribution) {
        debug_assert_eq!(self.row.kind, Kind::Summary);
        self.begin();
        let named = || self.row.labels.iter().copied().zip(labels);
        for (name, share) in QUANTILES {
            self.text.push(self.row.name);
            self.text.labels(named().chain([("quantile", name)]));
            self.text.value(Value::Float(recent.quantile(share) as f64 / 1_000.0));
        }
        self.text.push(self.row.name);
        self.text.push("_sum");
        self.text.labels(named());
        self.text.value(Value::Float(all.sum() as f64 / 1_000.0));
        self.text.push(self.row.name);
        self.text.push("_count");
        self.text.labels(named());
        self.text.value(Value::Unsigned(all.count()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Histogram;

    #[expect(unreachable_pub, reason = "rows are for everybody in other places")]
    mod table {
        crate::metric::metrics! {
        /// Things that
        /// happened.
        THINGS: Counter "things_total" in "things" ["kind", "place"];
        /// Time it took.
        TIMES: Summary "times" in "ms" ["what"];
        /// Nothing to see.
        NONE: Gauge "none" in "none" [];
        }
    }
    use table::{NONE, ROWS, THINGS, TIMES};

    fn written(write: impl FnOnce(&mut Text)) -> String {
        let mut text = Text::default();
        write(&mut text);
        String::from_utf8(text.take()).unwrap()
    }

    #[test]
    fn samples_are_written_below_one_head() {
        assert_eq!(ROWS.len(), 3);
        let text = written(|text| {
            let mut things = text.family(&THINGS);
            things.sample(["a\"b\\c\nd", ""], u64::MAX);
            things.sample(["", "here"], i64::MIN);
            things.sample(["", ""], 0.25);
            let _ = text.family(&NONE);
        });
        let expected = "# HELP things_total Things that happened\n# TYPE things_total counter\n\
            things_total{kind=\"a\\\"b\\\\c\\nd\"} 18446744073709551615\n\
            things_total{place=\"here\"} -9223372036854775808\n\
            things_total 0.25\n";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_summary_has_quantiles_sum_and_count() {
        let histogram = Histogram::default();
        histogram.record(1_500);
        let mut all = Distribution::default();
        histogram.add_to(&mut all);
        let text = written(|text| text.family(&TIMES).summary(["x"], &all.since(&all), &all));
        assert!(text.contains("times{what=\"x\",quantile=\"0.999\"} 0\n"), "{text}");
        assert!(text.ends_with("times_sum{what=\"x\"} 1.5\ntimes_count{what=\"x\"} 1\n"), "{text}");
    }
}
