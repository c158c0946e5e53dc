//! The table of APIs, and the enums over all requests and all responses.

use super::NOTE;
use crate::codegen::Area;
use crate::codegen::model::{Api, snake_case};

/// The module of `ApiKey`.
pub(crate) fn keys(apis: &[Api]) -> Result<String, String> {
    let mut text = format!(
        "//! The table of APIs.\n//!\n//! {NOTE}\n\n\
         use crate::api::ApiSpec;\n\n\
         /// An API by its key. Keys 4 to 7 were removed with ZooKeeper and stay reserved.\n\
         #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         #[repr(i16)]\npub enum ApiKey {{\n"
    );
    for api in apis {
        text.push_str(&format!("{} = {},\n", api.name, api.key));
    }
    text.push_str(
        "}\n\nimpl ApiKey {\n/// All of them, by key.\npub const ALL: &'static [Self] = &[\n",
    );
    for api in apis {
        text.push_str(&format!("Self::{},\n", api.name));
    }
    text.push_str(
        "];\n\n/// The API of a key.\npub const fn from_code(code: i16) -> Option<Self> {\n\
         Some(match code {\n",
    );
    for api in apis {
        text.push_str(&format!("{} => Self::{},\n", api.key, api.name));
    }
    text.push_str(
        "_ => return None,\n})\n}\n\n/// What there is to know about it.\n\
         pub const fn spec(self) -> &'static ApiSpec {\nmatch self {\n",
    );
    for api in apis {
        text.push_str(&format!("Self::{} => {},\n", api.name, spec(api)?));
    }
    text.push_str("}\n}\n}\n");
    Ok(text)
}

fn spec(api: &Api) -> Result<String, String> {
    let (request, response) = (&api.request, &api.response);
    if request.versions != response.versions || request.flexible_from != response.flexible_from {
        return Err(format!("{}: request and response have different versions", api.name));
    }
    let flexible =
        request.flexible_from.map_or_else(|| "None".to_owned(), |from| format!("Some({from})"));
    Ok(format!(
        "&ApiSpec {{\nname: {:?},\nmin_version: {},\nmax_version: {},\nlatest_unstable: {},\n\
         flexible_from: {flexible},\nbroker: {},\ncontroller: {},\nforwarded: {},\n}}",
        api.name,
        request.versions.min,
        request.versions.max,
        api.unstable,
        api.broker,
        api.controller,
        api.forwarded,
    ))
}

/// The module of the enum over all requests or all responses.
pub(crate) fn bodies(apis: &[Api], role: &str) -> String {
    let lower = role.to_lowercase();
    let mut text = format!(
        "//! All {lower}s as one type.\n//!\n//! {NOTE}\n\n\
         use super::api_key::ApiKey;\nuse super::messages::*;\n\
         use crate::error::{{DecodeError, EncodeError}};\n\
         use crate::primitives::{{Reader, Writer}};\n\n\
         /// A {lower} of any API.\n#[derive(Clone, Debug, PartialEq)]\npub enum {role} {{\n"
    );
    for api in apis {
        text.push_str(&format!("{0}({0}{role}),\n", api.name));
    }
    text.push_str(&format!(
        "}}\n\nimpl {role} {{\n/// The API it belongs to.\n\
         pub fn api_key(&self) -> ApiKey {{\nmatch self {{\n"
    ));
    for api in apis {
        text.push_str(&format!("Self::{0}(_) => ApiKey::{0},\n", api.name));
    }
    text.push_str(&format!(
        "}}\n}}\n\n/// Reads the {lower} of `api`, in the version given.\n\
         pub fn decode(api: ApiKey, r: &mut Reader, v: i16) -> Result<Self, DecodeError> {{\n\
         Ok(match api {{\n"
    ));
    for api in apis {
        let name = &api.name;
        text.push_str(&format!("ApiKey::{name} => Self::{name}({name}{role}::decode(r, v)?),\n"));
    }
    text.push_str(
        "})\n}\n\n/// Writes it, in the version given.\n\
         pub fn encode(&self, w: &mut Writer, v: i16) -> Result<(), EncodeError> {\n\
         match self {\n",
    );
    for api in apis {
        text.push_str(&format!("Self::{}(body) => body.encode(w, v),\n", api.name));
    }
    text.push_str("}\n}\n}\n\n");
    for api in apis {
        let name = &api.name;
        text.push_str(&format!(
            "impl From<{name}{role}> for {role} {{\nfn from(body: {name}{role}) -> Self {{\n\
             Self::{name}(body)\n}}\n}}\n\n"
        ));
    }
    text
}

/// The module of trait implementations.
pub(crate) fn traits(apis: &[Api], areas: &[Area]) -> String {
    let mut text = format!(
        "//! Traits of all messages.\n//!\n//! {NOTE}\n\n\
         use crate::api::{{api_requests, messages}};\n\nmessages! {{\n"
    );
    for api in apis {
        for message in [&api.request, &api.response] {
            text.push_str(&format!("    super::messages::{},\n", message.name));
        }
    }
    for area in areas {
        let path = area.file.replace('/', "::");
        for message in &area.messages {
            let module = snake_case(&message.name);
            text.push_str(&format!("    super::{path}::{module}::{},\n", message.name));
        }
    }
    text.push_str("}\n\napi_requests! {\n");
    for api in apis {
        text.push_str(&format!("    {0}: {0}Request, {0}Response;\n", api.name));
    }
    text.push_str("}\n");
    text
}
