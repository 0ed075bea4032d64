//! The account itself. Durable when told: the library counts its pre-keys in it before it uploads them.

use std::sync::Arc;

use async_trait::async_trait;
use wacore::client_profile::ClientProfile;
use wacore::stats::StorageResourceReport;
use wacore::store::Device;
use wacore::store::device::DEVICE_PROPS;
use wacore::store::error::Result;
use wacore::store::traits::DeviceStore;

use super::key::DEVICE;
use super::{StoreBackend, decode, encode, put};

#[async_trait]
impl DeviceStore for StoreBackend {
    async fn save(&self, device: &Device) -> Result<()> {
        self.durably(vec![put(DEVICE, "", encode(device)?)]).await
    }

    async fn load(&self) -> Result<Option<Device>> {
        let Some(record) = self.record(DEVICE, "").await? else {
            return Ok(None);
        };
        let mut device: Device = decode(&record)?;
        // Not kept, since whoever starts a client says so anew: what nobody says is as in a new account.
        device.device_props = Arc::new(DEVICE_PROPS.clone());
        device.client_profile = ClientProfile::web();
        Ok(Some(device))
    }

    async fn exists(&self) -> Result<bool> {
        Ok(self.record(DEVICE, "").await?.is_some())
    }

    async fn create(&self) -> Result<i32> {
        if !self.exists().await? {
            self.save(&Device::new()).await?;
        }
        // One account for each instance.
        Ok(1)
    }

    async fn resource_report(&self) -> StorageResourceReport {
        StorageResourceReport {
            memory_bytes: Some(self.journal.bytes() as u64),
            ..StorageResourceReport::default()
        }
    }
}
