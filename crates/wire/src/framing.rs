//! The headers in front of requests and responses, and whole frames.

use crate::api::Encode;
use crate::error::{DecodeError, EncodeError};
use crate::generated::api_key::ApiKey;
use crate::generated::header::{RequestHeader, ResponseHeader};
use crate::primitives::{Frame, Reader, Str, Writer};

impl RequestHeader {
    /// Reads a header whose version follows from the API key and version at its start
    /// (kafka-apis 2). The version need not be one that the API has.
    pub fn read(r: &mut Reader) -> Result<Self, DecodeError> {
        let &[key_high, key_low, version_high, version_low] = r.peek(4) else {
            let (remaining, position) = (r.remaining(), r.position());
            return Err(DecodeError::Truncated { wanted: 4, remaining, position });
        };
        let api = ApiKey::try_from(i16::from_be_bytes([key_high, key_low]))?;
        let version = i16::from_be_bytes([version_high, version_low]);
        Self::decode(r, api.request_header_version(version))
    }

    /// The API.
    pub fn api_key(&self) -> Result<ApiKey, DecodeError> {
        ApiKey::try_from(self.request_api_key)
    }
}

/// A request as it goes over a connection: length, header, body.
pub fn request_frame(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    client_id: Option<Str>,
    body: &impl Encode,
) -> Result<Frame, EncodeError> {
    let header = RequestHeader {
        request_api_key: api.code(),
        request_api_version: version,
        correlation_id,
        client_id,
        ..RequestHeader::default()
    };
    let mut w = Writer::framed();
    header.encode(&mut w, api.request_header_version(version))?;
    body.encode(&mut w, version)?;
    w.finish()
}

/// A response as it goes over a connection: length, header, body.
pub fn response_frame(
    api: ApiKey,
    version: i16,
    correlation_id: i32,
    body: &impl Encode,
) -> Result<Frame, EncodeError> {
    let header = ResponseHeader { correlation_id, ..ResponseHeader::default() };
    let mut w = Writer::framed();
    header.encode(&mut w, api.response_header_version(version))?;
    body.encode(&mut w, version)?;
    w.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::messages::{ApiVersionsResponse, MetadataRequest};

    #[test]
    fn a_request_reads_back() {
        let body = MetadataRequest::default();
        let client = Some(Str::from("c"));
        let frame = request_frame(ApiKey::Metadata, 9, 77, client.clone(), &body).expect("encodes");
        let mut r = Reader::new(frame.flatten().expect("in memory"));
        assert_eq!(r.i32(), Ok(r.remaining() as i32));
        let header = RequestHeader::read(&mut r).expect("a header");
        assert_eq!(header.api_key(), Ok(ApiKey::Metadata));
        assert_eq!((header.request_api_version, header.correlation_id), (9, 77));
        assert_eq!(header.client_id, client);
        assert_eq!(MetadataRequest::decode(&mut r, 9), Ok(body));
        assert_eq!(r.finish(), Ok(()));
    }

    #[test]
    fn an_api_versions_response_never_has_a_flexible_header() {
        // kafka-apis 3
        let body = ApiVersionsResponse::default();
        let frame = response_frame(ApiKey::ApiVersions, 3, 5, &body).expect("encodes");
        let bytes = frame.flatten().expect("in memory");
        assert_eq!(&bytes[..], [0, 0, 0, 12, 0, 0, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn headers_that_are_none_are_refused() {
        let read = |bytes: &'static [u8]| RequestHeader::read(&mut Reader::new(bytes.into()));
        assert!(matches!(read(&[0, 3, 0]), Err(DecodeError::Truncated { .. })));
        assert_eq!(read(&[0, 5, 0, 0, 0, 0]), Err(DecodeError::UnknownApiKey(5)));
    }
}
