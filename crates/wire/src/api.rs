//! What is known about each API besides its messages.

use std::fmt;

use crate::error::{DecodeError, EncodeError};
use crate::generated::api_key::ApiKey;
use crate::generated::request::Request;
use crate::generated::response::Response;
use crate::primitives::{Reader, Writer};

/// A row of the table of APIs (kafka-apis §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiSpec {
    /// Its name.
    pub name: &'static str,
    /// The lowest version there is. (Brokers advertise Produce from 0 on all the same:
    /// kafka-apis 21.)
    pub min_version: i16,
    /// The highest version there is.
    pub max_version: i16,
    /// Whether the highest version may still change, and so is advertised only with
    /// `unstable.api.versions.enable`.
    pub latest_unstable: bool,
    /// The first version with compact lengths and tagged fields.
    pub flexible_from: Option<i16>,
    /// Whether broker listeners serve it.
    pub broker: bool,
    /// Whether controller listeners serve it.
    pub controller: bool,
    /// Whether a broker forwards it to the active controller.
    pub forwarded: bool,
}

impl ApiSpec {
    /// The highest version advertised.
    pub const fn stable_max_version(&self) -> i16 {
        if self.latest_unstable { self.max_version - 1 } else { self.max_version }
    }

    /// Whether a version is flexible.
    pub const fn is_flexible(&self, version: i16) -> bool {
        match self.flexible_from {
            Some(from) => version >= from,
            None => false,
        }
    }
}

impl ApiKey {
    /// The key as a number.
    pub const fn code(self) -> i16 {
        self as i16
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// Whether there is such a version.
    pub const fn has_version(self, version: i16) -> bool {
        let spec = self.spec();
        version >= spec.min_version && version <= spec.max_version
    }

    /// The version of the header in front of a request (kafka-apis 2).
    pub const fn request_header_version(self, version: i16) -> i16 {
        if self.spec().is_flexible(version) { 2 } else { 1 }
    }

    /// The version of the header in front of a response. That of ApiVersions is always 0, so that
    /// a client can read it before it knows anything (kafka-apis 3).
    pub const fn response_header_version(self, version: i16) -> i16 {
        match self {
            Self::ApiVersions => 0,
            _ if self.spec().is_flexible(version) => 1,
            _ => 0,
        }
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<i16> for ApiKey {
    type Error = DecodeError;

    fn try_from(code: i16) -> Result<Self, DecodeError> {
        Self::from_code(code).ok_or(DecodeError::UnknownApiKey(code))
    }
}

/// Something that is written in a version.
pub trait Encode {
    /// Writes it, in the version given.
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// What all messages and stored records have in common, for code that is about any of them.
pub trait Message: Encode + Clone + fmt::Debug + Default + PartialEq + Send + 'static {
    /// Its name.
    const NAME: &'static str;
    /// Its lowest version.
    const MIN_VERSION: i16;
    /// Its highest version.
    const MAX_VERSION: i16;
    /// The first flexible version, if any.
    const FLEXIBLE_FROM: Option<i16>;

    /// Reads one, in the version given.
    fn decode(r: &mut Reader, version: i16) -> Result<Self, DecodeError>;
}

/// A request, and with it the response it gets.
pub trait ApiRequest: Message {
    /// Its API.
    const API: ApiKey;
    /// What is answered.
    type Response: Message;
}

macro_rules! messages {
    ($($message:path,)*) => {$(
        impl crate::api::Encode for $message {
            fn encode(
                &self,
                w: &mut crate::primitives::Writer,
                version: i16,
            ) -> Result<(), crate::error::EncodeError> {
                <$message>::encode(self, w, version)
            }
        }

        impl crate::api::Message for $message {
            const NAME: &'static str = <$message>::NAME;
            const MIN_VERSION: i16 = <$message>::MIN_VERSION;
            const MAX_VERSION: i16 = <$message>::MAX_VERSION;
            const FLEXIBLE_FROM: Option<i16> = <$message>::FLEXIBLE_FROM;

            fn decode(
                r: &mut crate::primitives::Reader,
                version: i16,
            ) -> Result<Self, crate::error::DecodeError> {
                <$message>::decode(r, version)
            }
        }
    )*};
}

macro_rules! api_requests {
    ($($api:ident: $request:ident, $response:ident;)*) => {$(
        impl crate::api::ApiRequest for super::messages::$request {
            const API: super::api_key::ApiKey = super::api_key::ApiKey::$api;
            type Response = super::messages::$response;
        }
    )*};
}

pub(crate) use {api_requests, messages};

impl Encode for Request {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        Self::encode(self, w, version)
    }
}

impl Encode for Response {
    fn encode(&self, w: &mut Writer, version: i16) -> Result<(), EncodeError> {
        Self::encode(self, w, version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_versions_follow_flexibility() {
        // kafka-apis 2, 3
        assert_eq!(ApiKey::Fetch.request_header_version(11), 1);
        assert_eq!(ApiKey::Fetch.request_header_version(12), 2);
        assert_eq!(ApiKey::Fetch.response_header_version(12), 1);
        assert_eq!(ApiKey::ApiVersions.request_header_version(4), 2);
        assert_eq!(ApiKey::ApiVersions.response_header_version(4), 0);
        assert_eq!(ApiKey::SaslHandshake.request_header_version(1), 1);
    }

    #[test]
    fn keys_are_those_of_the_release() {
        assert_eq!(ApiKey::ALL.len(), 89);
        for &api in ApiKey::ALL {
            assert_eq!(ApiKey::try_from(api.code()), Ok(api));
        }
        for removed in 4..8 {
            assert_eq!(ApiKey::try_from(removed), Err(DecodeError::UnknownApiKey(removed)));
        }
        assert_eq!(ApiKey::InitProducerId.spec().stable_max_version(), 5);
        assert_eq!(ApiKey::Produce.to_string(), "Produce");
    }
}
