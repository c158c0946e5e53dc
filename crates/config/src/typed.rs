//! From rows to Rust fields: `typed!` declares a struct whose fields are settings, and the compiler
//! checks that each name is in the table and has the field's type.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::setting::{DefaultValue, Kind, Setting};
use crate::value::{Password, Value};

/// Values by name, checked against the table; a setting without value is absent.
pub(crate) type Values = BTreeMap<&'static str, Value>;

/// A Rust type that a setting can have.
pub(crate) trait Typed: Sized {
    const KIND: Kind;
    /// Whether the field can be without value.
    const OPTIONAL: bool = false;

    /// `None` if the value is missing or of another type.
    fn take(value: Option<&Value>) -> Option<Self>;
}

macro_rules! typed_as {
    ($($rust:ty = $kind:ident,)*) => {$(
        impl Typed for $rust {
            const KIND: Kind = Kind::$kind;

            fn take(value: Option<&Value>) -> Option<Self> {
                match value {
                    Some(Value::$kind(value)) => Some(value.clone()),
                    _ => None,
                }
            }
        }
    )*};
}

typed_as! {
    bool = Boolean,
    i16 = Short,
    i32 = Int,
    i64 = Long,
    f64 = Double,
    String = String,
    Vec<String> = List,
    Password = Password,
}

impl<T: Typed> Typed for Option<T> {
    const KIND: Kind = T::KIND;
    const OPTIONAL: bool = true;

    fn take(value: Option<&Value>) -> Option<Self> {
        Some(value.and_then(|value| T::take(Some(value))))
    }
}

/// The row of a field, checked while compiling.
pub(crate) const fn checked<T: Typed>(row: &'static Setting) -> &'static Setting {
    assert!(row.kind.same(T::KIND), "the field has another type than the setting");
    let nullable = matches!(row.default, DefaultValue::Null);
    assert!(T::OPTIONAL || !nullable, "the setting may have no value: make the field an Option");
    row
}

/// The value of a field.
pub(crate) fn take<T: Typed>(row: &'static Setting, values: &Values) -> Result<T, Error> {
    T::take(values.get(row.name)).ok_or_else(|| Error::Missing { name: row.name.to_owned() })
}

/// Declares a struct of settings of one table, with a `read` function.
macro_rules! typed {
    (
        $(#[$meta:meta])*
        pub struct $name:ident from $table:ident {
            $( $(#[$field_meta:meta])* $field:ident: $type:ty = $key:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name {
            $(
                #[doc = concat!("`", $key, "`")]
                $(#[$field_meta])*
                pub $field: $type,
            )*
        }

        impl $name {
            pub(crate) fn read(
                values: &crate::typed::Values,
            ) -> Result<Self, crate::error::Error> {
                use crate::{setting::Setting, table, typed};
                Ok(Self {
                    $( $field: {
                        const ROW: &Setting =
                            typed::checked::<$type>(table::row(table::$table, $key));
                        typed::take(ROW, values)?
                    }, )*
                })
            }
        }
    };
}

pub(crate) use typed;
