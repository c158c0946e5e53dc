//! What the definitions say, with versions made concrete.

/// Versions from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Versions {
    pub min: i16,
    pub max: i16,
}

impl Versions {
    pub(crate) fn intersect(self, other: Self) -> Option<Self> {
        let both = Self { min: self.min.max(other.min), max: self.max.min(other.max) };
        (both.min <= both.max).then_some(both)
    }
}

/// The type of a field, or of its elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(String),
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "bool" => Self::Bool,
            "int8" => Self::Int8,
            "int16" => Self::Int16,
            "uint16" => Self::Uint16,
            "int32" => Self::Int32,
            "uint32" => Self::Uint32,
            "int64" => Self::Int64,
            "float64" => Self::Float64,
            "uuid" => Self::Uuid,
            "string" => Self::String,
            "bytes" => Self::Bytes,
            "records" => Self::Records,
            name if name.starts_with(|first: char| first.is_ascii_uppercase()) => {
                Self::Struct(name.to_owned())
            }
            _ => return None,
        })
    }

    /// The method of `Reader` and `Writer`, for those that have one.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int8 => "i8",
            Self::Int16 => "i16",
            Self::Uint16 => "u16",
            Self::Int32 => "i32",
            Self::Uint32 => "u32",
            Self::Int64 => "i64",
            Self::Float64 => "f64",
            Self::Uuid => "uuid",
            Self::String => "str",
            Self::Bytes => "bytes",
            Self::Records => "records",
            Self::Struct(_) => unreachable!("structs have methods of their own"),
        }
    }

    pub(crate) fn rust(&self) -> &str {
        match self {
            Self::Uuid => "Uuid",
            Self::String => "Str",
            Self::Bytes => "Bytes",
            Self::Records => "Records",
            Self::Struct(name) => name,
            plain => plain.method(),
        }
    }

    /// Whether its size comes first, so that null can be said in it.
    pub(crate) fn has_length(&self) -> bool {
        matches!(self, Self::String | Self::Bytes | Self::Records)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// As in the definition.
    pub name: String,
    pub kind: Kind,
    pub array: bool,
    pub versions: Versions,
    /// The versions in which it may be null.
    pub nullable: Option<Versions>,
    pub tag: Option<u32>,
    pub default: Option<String>,
    pub ignorable: bool,
    /// Encoded as in a version that is not flexible.
    pub inflexible: bool,
}

impl Field {
    /// The versions that have the field and in which it may not be null.
    pub(crate) fn not_nullable(&self) -> Option<Versions> {
        let Versions { min, max } = self.versions;
        match self.nullable {
            None => Some(self.versions),
            Some(null) if null.min > min => Some(Versions { min, max: null.min - 1 }),
            Some(null) if null.max < max => Some(Versions { min: null.max + 1, max }),
            Some(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Struct {
    pub name: String,
    pub versions: Versions,
    pub fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Request,
    Response,
    Data,
    /// A record with a type of its own, framed by it.
    Record(u16),
    Key(u16),
    Value(u16),
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub name: String,
    pub role: Role,
    pub versions: Versions,
    pub flexible_from: Option<i16>,
    /// The message itself first.
    pub(crate) structs: Vec<Struct>,
}

impl Message {
    pub(crate) fn find(&self, name: &str) -> Option<&Struct> {
        self.structs.iter().find(|found| found.name == name)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub key: i16,
    pub name: String,
    pub broker: bool,
    pub controller: bool,
    pub forwarded: bool,
    pub unstable: bool,
    pub request: Message,
    pub response: Message,
}

/// `FetchRequest` → `fetch_request`; capitals in a row stay together.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    let mut capital_before = true;
    for character in name.chars() {
        if character.is_ascii_uppercase() && !capital_before {
            snake.push('_');
        }
        capital_before = character.is_ascii_uppercase();
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// The field's name in Rust.
pub(crate) fn field_name(name: &str) -> String {
    let snake = snake_case(name);
    if matches!(snake.as_str(), "match" | "type") { format!("r#{snake}") } else { snake }
}
