//! Places.

use serde_json::json;

use super::Built;
use super::context::Context;

pub(super) fn build(
    latitude: f64,
    longitude: f64,
    name: Option<&str>,
    address: Option<&str>,
    context: &Context,
) -> Built {
    let mut content = json!({"degreesLatitude": latitude, "degreesLongitude": longitude});
    if let Some(name) = name {
        content["name"] = name.into();
    }
    if let Some(address) = address {
        content["address"] = address.into();
    }
    Built::new(json!({"locationMessage": context.attach(content)}))
}

#[cfg(test)]
mod tests {
    use super::super::context::tests::direct;
    use super::*;

    #[test]
    fn a_place_is_answered_as_recorded() {
        let built = build(-23.55, -46.63, Some("Praça"), Some("São Paulo"), &direct());
        assert_eq!(
            built.wire,
            json!({"locationMessage": {
                "degreesLatitude": -23.55, "degreesLongitude": -46.63, "name": "Praça", "address": "São Paulo",
                "contextInfo": direct().value(),
            }})
        );
        assert!(built.message().is_ok());
    }
}
