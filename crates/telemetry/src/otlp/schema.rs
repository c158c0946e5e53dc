//! The messages of `opentelemetry/proto/metrics/v1/metrics.proto` and what they are made of, as
//! far as clients of Kafka may push them: exemplars are passed over.

/// One field of a message.
#[derive(Debug)]
pub(super) struct Field {
    /// Its number.
    pub number: u32,
    /// Its name in JSON.
    pub name: &'static str,
    pub kind: Kind,
    pub occurs: Occurs,
}

/// How often a field may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occurs {
    /// At most once; of several the last one counts.
    Once,
    Repeated,
    /// Written also where it is not there, so that labels have a place.
    Always,
    /// Repeated, with the receiver's labels at the end.
    WithLabels,
}

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Bytes,
    Bool,
    /// `uint32` and enumerations.
    Number,
    /// `int64` as a varint; JSON has it as text, as all numbers of 64 bits.
    Int64,
    /// `uint64` as a varint.
    Uint64,
    /// `sint32`: zigzag.
    Signed,
    Fixed64,
    SignedFixed64,
    Double,
    /// By reference to the table, since messages may be inside themselves.
    Message(&'static &'static [Field]),
}

const fn once(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, occurs: Occurs::Once }
}

const fn repeated(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { number, name, kind, occurs: Occurs::Repeated }
}

const fn attributes(number: u32) -> Field {
    repeated(number, "attributes", Kind::Message(&KEY_VALUE))
}

const fn started(number: u32) -> Field {
    once(number, "startTimeUnixNano", Kind::Fixed64)
}

const fn time(number: u32) -> Field {
    once(number, "timeUnixNano", Kind::Fixed64)
}

const fn points(kind: &'static &'static [Field]) -> Field {
    repeated(1, "dataPoints", Kind::Message(kind))
}

const TEMPORALITY: Field = once(2, "aggregationTemporality", Kind::Number);

pub(super) static METRICS_DATA: &[Field] =
    &[repeated(1, "resourceMetrics", Kind::Message(&RESOURCE_METRICS))];

static RESOURCE_METRICS: &[Field] = &[
    Field { number: 1, name: "resource", kind: Kind::Message(&RESOURCE), occurs: Occurs::Always },
    repeated(2, "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
    once(3, "schemaUrl", Kind::Text),
];

static RESOURCE: &[Field] = &[
    Field {
        number: 1,
        name: "attributes",
        kind: Kind::Message(&KEY_VALUE),
        occurs: Occurs::WithLabels,
    },
    once(2, "droppedAttributesCount", Kind::Number),
];

static SCOPE_METRICS: &[Field] = &[
    once(1, "scope", Kind::Message(&SCOPE)),
    repeated(2, "metrics", Kind::Message(&METRIC)),
    once(3, "schemaUrl", Kind::Text),
];

static SCOPE: &[Field] = &[
    once(1, "name", Kind::Text),
    once(2, "version", Kind::Text),
    attributes(3),
    once(4, "droppedAttributesCount", Kind::Number),
];

static METRIC: &[Field] = &[
    once(1, "name", Kind::Text),
    once(2, "description", Kind::Text),
    once(3, "unit", Kind::Text),
    once(5, "gauge", Kind::Message(&GAUGE)),
    once(7, "sum", Kind::Message(&SUM)),
    once(9, "histogram", Kind::Message(&HISTOGRAM)),
    once(10, "exponentialHistogram", Kind::Message(&EXPONENTIAL_HISTOGRAM)),
    once(11, "summary", Kind::Message(&SUMMARY)),
    repeated(12, "metadata", Kind::Message(&KEY_VALUE)),
];

static GAUGE: &[Field] = &[points(&NUMBER_POINT)];

static SUM: &[Field] = &[points(&NUMBER_POINT), TEMPORALITY, once(3, "isMonotonic", Kind::Bool)];

static HISTOGRAM: &[Field] = &[points(&HISTOGRAM_POINT), TEMPORALITY];

static EXPONENTIAL_HISTOGRAM: &[Field] = &[points(&EXPONENTIAL_HISTOGRAM_POINT), TEMPORALITY];

static SUMMARY: &[Field] = &[points(&SUMMARY_POINT)];

static NUMBER_POINT: &[Field] = &[
    attributes(7),
    started(2),
    time(3),
    once(4, "asDouble", Kind::Double),
    once(6, "asInt", Kind::SignedFixed64),
    once(8, "flags", Kind::Number),
];

static HISTOGRAM_POINT: &[Field] = &[
    attributes(9),
    started(2),
    time(3),
    once(4, "count", Kind::Fixed64),
    once(5, "sum", Kind::Double),
    repeated(6, "bucketCounts", Kind::Fixed64),
    repeated(7, "explicitBounds", Kind::Double),
    once(10, "flags", Kind::Number),
    once(11, "min", Kind::Double),
    once(12, "max", Kind::Double),
];

static EXPONENTIAL_HISTOGRAM_POINT: &[Field] = &[
    attributes(1),
    started(2),
    time(3),
    once(4, "count", Kind::Fixed64),
    once(5, "sum", Kind::Double),
    once(6, "scale", Kind::Signed),
    once(7, "zeroCount", Kind::Fixed64),
    once(8, "positive", Kind::Message(&BUCKETS)),
    once(9, "negative", Kind::Message(&BUCKETS)),
    once(10, "flags", Kind::Number),
    once(12, "min", Kind::Double),
    once(13, "max", Kind::Double),
    once(14, "zeroThreshold", Kind::Double),
];

static BUCKETS: &[Field] =
    &[once(1, "offset", Kind::Signed), repeated(2, "bucketCounts", Kind::Uint64)];

static SUMMARY_POINT: &[Field] = &[
    attributes(7),
    started(2),
    time(3),
    once(4, "count", Kind::Fixed64),
    once(5, "sum", Kind::Double),
    repeated(6, "quantileValues", Kind::Message(&QUANTILE)),
    once(8, "flags", Kind::Number),
];

static QUANTILE: &[Field] = &[once(1, "quantile", Kind::Double), once(2, "value", Kind::Double)];

static KEY_VALUE: &[Field] =
    &[once(1, "key", Kind::Text), once(2, "value", Kind::Message(&ANY_VALUE))];

static ANY_VALUE: &[Field] = &[
    once(1, "stringValue", Kind::Text),
    once(2, "boolValue", Kind::Bool),
    once(3, "intValue", Kind::Int64),
    once(4, "doubleValue", Kind::Double),
    once(5, "arrayValue", Kind::Message(&ARRAY_VALUE)),
    once(6, "kvlistValue", Kind::Message(&LIST_VALUE)),
    once(7, "bytesValue", Kind::Bytes),
];

static ARRAY_VALUE: &[Field] = &[repeated(1, "values", Kind::Message(&ANY_VALUE))];

static LIST_VALUE: &[Field] = &[repeated(1, "values", Kind::Message(&KEY_VALUE))];
