//! What a client shows of itself.

use wire::{Str, Uuid};

/// A client as it was when it first asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// What it calls itself.
    pub client_id: Str,
    /// The name of its library, by its ApiVersions request.
    pub software_name: Str,
    /// The version of its library.
    pub software_version: Str,
    /// Where it comes from, as Java writes addresses, without a slash.
    pub source_address: Str,
    /// Its port there.
    pub source_port: u16,
}

/// By what a subscription may choose clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Property {
    ClientId,
    ClientInstanceId,
    SoftwareName,
    SoftwareVersion,
    SourceAddress,
    SourcePort,
}

impl Property {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "client_id" => Some(Self::ClientId),
            "client_instance_id" => Some(Self::ClientInstanceId),
            "client_software_name" => Some(Self::SoftwareName),
            "client_software_version" => Some(Self::SoftwareVersion),
            "client_source_address" => Some(Self::SourceAddress),
            "client_source_port" => Some(Self::SourcePort),
            _ => None,
        }
    }
}

impl Client {
    /// The properties by their names in KIP-714, which also says that receivers put them beside
    /// what a client pushes.
    pub fn labels(&self, instance_id: Uuid) -> [(&'static str, Str); 6] {
        [
            ("client_id", self.client_id.clone()),
            ("client_instance_id", Str::from(instance_id.to_string())),
            ("client_software_name", self.software_name.clone()),
            ("client_software_version", self.software_version.clone()),
            ("client_source_address", self.source_address.clone()),
            ("client_source_port", Str::from(self.source_port.to_string())),
        ]
    }

    /// The same, without the buffers of the request it came in.
    pub(crate) fn detached(&self) -> Self {
        Self {
            client_id: self.client_id.detach(),
            software_name: self.software_name.detach(),
            software_version: self.software_version.detach(),
            source_address: self.source_address.detach(),
            source_port: self.source_port,
        }
    }

    /// Bytes it takes.
    pub(crate) fn size(&self) -> usize {
        let texts =
            [&self.client_id, &self.software_name, &self.software_version, &self.source_address];
        size_of::<Self>() + texts.iter().map(|text| text.len()).sum::<usize>()
    }

    pub(crate) fn property(&self, property: Property, instance_id: Uuid) -> Str {
        match property {
            Property::ClientId => self.client_id.clone(),
            Property::ClientInstanceId => Str::from(instance_id.to_string()),
            Property::SoftwareName => self.software_name.clone(),
            Property::SoftwareVersion => self.software_version.clone(),
            Property::SourceAddress => self.source_address.clone(),
            Property::SourcePort => Str::from(self.source_port.to_string()),
        }
    }
}
