//! One row of the table of settings, and the words a row is written in.
//!
//! Rows are built by `const` functions, so a table is plain static data:
//!
//! ```text
//! int("socket.request.max.bytes", 104_857_600).at_least(1).high().doc("…"),
//! ```

use crate::error::Error;
use crate::valid::Valid;
use crate::value::Value;

/// The type of a setting's value, in Kafka's words (`ConfigDef.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean,
    /// Any text.
    String,
    /// 32-bit signed integer.
    Int,
    /// 16-bit signed integer.
    Short,
    /// 64-bit signed integer.
    Long,
    /// 64-bit floating point number.
    Double,
    /// Comma separated texts.
    List,
    /// Name of a Java class; kept as text.
    Class,
    /// Text that is never shown.
    Password,
}

impl Kind {
    /// The code `DescribeConfigs` carries for the type (kafka-configs §1 item 5).
    pub const fn code(self) -> i8 {
        match self {
            Kind::Boolean => 1,
            Kind::String => 2,
            Kind::Int => 3,
            Kind::Short => 4,
            Kind::Long => 5,
            Kind::Double => 6,
            Kind::List => 7,
            Kind::Class => 8,
            Kind::Password => 9,
        }
    }

    /// The name Kafka prints in messages, such as `INT`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "BOOLEAN",
            Kind::String => "STRING",
            Kind::Int => "INT",
            Kind::Short => "SHORT",
            Kind::Long => "LONG",
            Kind::Double => "DOUBLE",
            Kind::List => "LIST",
            Kind::Class => "CLASS",
            Kind::Password => "PASSWORD",
        }
    }

    pub(crate) const fn same(self, other: Kind) -> bool {
        self.code() == other.code()
    }
}

/// What a setting is when nobody set it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultValue {
    /// It must be set.
    Required,
    /// It has no value.
    Null,
    /// A [`Kind::Boolean`] value.
    Boolean(bool),
    /// A [`Kind::Int`], [`Kind::Short`] or [`Kind::Long`] value.
    Integer(i64),
    /// A [`Kind::Double`] value.
    Double(f64),
    /// A value of any other kind; lists with commas.
    Text(&'static str),
}

/// How much an operator should care, as Kafka's reference ranks it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Needs a thought in most deployments.
    High,
    /// Needs a thought in some.
    Medium,
    /// Fine tuning.
    Low,
}

/// Whether and where a broker setting can change without a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only at start.
    ReadOnly,
    /// While running, for one broker at a time.
    PerBroker,
    /// While running, for one broker or as the default of the cluster.
    ClusterWide,
}

impl Mode {
    /// The word Kafka's documentation uses (`Update Mode`).
    pub const fn name(self) -> &'static str {
        match self {
            Mode::ReadOnly => "read-only",
            Mode::PerBroker => "per-broker",
            Mode::ClusterWide => "cluster-wide",
        }
    }
}

/// Whether Ottla acts on a setting. Every setting is accepted and validated in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Does what its documentation says.
    Works,
    /// Accepted; what it governs is not built yet.
    NotYet,
    /// Accepted so that a configuration file of Apache Kafka starts unchanged; it tunes
    /// something that does not exist here (the Java machine, a thread pool of Kafka's).
    Never,
}

/// A broker setting that stands in for a topic or group setting that is not set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The broker setting.
    pub name: &'static str,
    /// What one unit of the broker setting is in units of the topic setting
    /// (`log.retention.hours` → `retention.ms`: 3,600,000).
    pub scale: i64,
}

/// One setting: a row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The name, verbatim as Kafka's.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// Its value when not set.
    pub default: DefaultValue,
    /// What values it may have.
    pub valid: Valid,
    /// How much it matters.
    pub importance: Importance,
    /// Whether it can change while running; topic, group and client-metrics settings always can
    /// and carry [`Mode::ClusterWide`].
    pub mode: Mode,
    /// Broker settings that are its default, most preferred first.
    pub synonyms: &'static [Synonym],
    /// Left out of Kafka's documentation and meant for tests.
    pub internal: bool,
    /// Whether Apache Kafka has no such setting. It is shown only where somebody set it, so that
    /// what tools list stays what Apache Kafka lists.
    pub own: bool,
    /// Whether Ottla acts on it.
    pub effect: Effect,
    /// What it does, for the reference and for `DescribeConfigs`.
    pub doc: &'static str,
}

impl Setting {
    /// Its value must never be shown: passwords.
    pub const fn secret(&self) -> bool {
        self.kind.same(Kind::Password)
    }

    /// Reads and checks a value of this setting.
    ///
    /// # Errors
    /// With Kafka's words when the text has another type or lies outside the bounds.
    pub fn parse(&self, text: &str) -> Result<Value, Error> {
        let mut value = Value::parse(self.name, text, self.kind)?;
        if let (Value::List(items), Valid::Items(_)) = (&mut value, &self.valid) {
            let mut seen = Vec::with_capacity(items.len());
            items.retain(|item| {
                !seen.contains(item) && {
                    seen.push(item.clone());
                    true
                }
            });
        }
        self.valid.check(self.name, Some(&value))?;
        Ok(value)
    }

    const fn new(name: &'static str, kind: Kind, default: DefaultValue) -> Self {
        Setting {
            name,
            kind,
            default,
            valid: Valid::Any,
            importance: Importance::Medium,
            mode: Mode::ReadOnly,
            synonyms: &[],
            internal: false,
            own: false,
            effect: Effect::NotYet,
            doc: "",
        }
    }

    pub(crate) const fn high(mut self) -> Self {
        self.importance = Importance::High;
        self
    }

    pub(crate) const fn low(mut self) -> Self {
        self.importance = Importance::Low;
        self
    }

    pub(crate) const fn per_broker(mut self) -> Self {
        self.mode = Mode::PerBroker;
        self
    }

    pub(crate) const fn cluster_wide(mut self) -> Self {
        self.mode = Mode::ClusterWide;
        self
    }

    pub(crate) const fn internal(mut self) -> Self {
        self.internal = true;
        self
    }

    pub(crate) const fn own(mut self) -> Self {
        self.own = true;
        self
    }

    /// Whether it is listed although nobody set it.
    pub(crate) const fn is_listed(&self) -> bool {
        !self.internal && !self.own
    }

    pub(crate) const fn works(mut self) -> Self {
        self.effect = Effect::Works;
        self
    }

    pub(crate) const fn never(mut self) -> Self {
        self.effect = Effect::Never;
        self
    }

    pub(crate) const fn required(mut self) -> Self {
        self.default = DefaultValue::Required;
        self
    }

    pub(crate) const fn null(mut self) -> Self {
        self.default = DefaultValue::Null;
        self
    }

    pub(crate) const fn valid(mut self, valid: Valid) -> Self {
        self.valid = valid;
        self
    }

    pub(crate) const fn at_least(self, min: i64) -> Self {
        self.valid(Valid::AtLeast(min))
    }

    pub(crate) const fn between(self, min: i64, max: i64) -> Self {
        self.valid(Valid::Between(min, max))
    }

    pub(crate) const fn one_of(self, words: &'static [&'static str]) -> Self {
        self.valid(Valid::OneOf(words))
    }

    pub(crate) const fn items(self, items: crate::valid::Items) -> Self {
        self.valid(Valid::Items(items))
    }

    pub(crate) const fn synonyms(mut self, synonyms: &'static [Synonym]) -> Self {
        self.synonyms = synonyms;
        self
    }

    pub(crate) const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }
}

pub(crate) const fn boolean(name: &'static str, default: bool) -> Setting {
    Setting::new(name, Kind::Boolean, DefaultValue::Boolean(default))
}

pub(crate) const fn int(name: &'static str, default: i32) -> Setting {
    Setting::new(name, Kind::Int, DefaultValue::Integer(default as i64))
}

pub(crate) const fn short(name: &'static str, default: i16) -> Setting {
    Setting::new(name, Kind::Short, DefaultValue::Integer(default as i64))
}

pub(crate) const fn long(name: &'static str, default: i64) -> Setting {
    Setting::new(name, Kind::Long, DefaultValue::Integer(default))
}

pub(crate) const fn double(name: &'static str, default: f64) -> Setting {
    Setting::new(name, Kind::Double, DefaultValue::Double(default))
}

pub(crate) const fn string(name: &'static str, default: &'static str) -> Setting {
    Setting::new(name, Kind::String, DefaultValue::Text(default))
}

pub(crate) const fn list(name: &'static str, default: &'static str) -> Setting {
    Setting::new(name, Kind::List, DefaultValue::Text(default))
}

pub(crate) const fn class(name: &'static str, default: &'static str) -> Setting {
    Setting::new(name, Kind::Class, DefaultValue::Text(default))
}

pub(crate) const fn password(name: &'static str) -> Setting {
    Setting::new(name, Kind::Password, DefaultValue::Null)
}

/// The broker setting of the same meaning and unit.
pub(crate) const fn same_as(name: &'static str) -> Synonym {
    Synonym { name, scale: 1 }
}

/// The broker setting in minutes for a topic setting in milliseconds.
pub(crate) const fn minutes(name: &'static str) -> Synonym {
    Synonym { name, scale: 60_000 }
}

/// The broker setting in hours for a topic setting in milliseconds.
pub(crate) const fn hours(name: &'static str) -> Synonym {
    Synonym { name, scale: 3_600_000 }
}
