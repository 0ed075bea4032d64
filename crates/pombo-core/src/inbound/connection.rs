//! An instance's connection: its state, its codes, its end.

use std::sync::Arc;

use pombo_domain::channel::{
    Account, CloseReason, Closing, ConnectionChange, LinkingCode, PasskeyStep,
};
use pombo_domain::clock::Timestamp;
use pombo_domain::event::{EventKind, NewEvent};
use pombo_domain::instance::{ConnectionState, Instance};
use pombo_store::{StoreError, instance};
use serde_json::{Value, json};
use tracing::info;

use crate::bus::new_event;
use crate::gateway::Gateway;
use crate::instance::{Entry, shown_step};

/// The text that clients of the original look for.
const LIMIT_REACHED: &str = "QR code limit reached, please login again";

impl Gateway {
    /// A step of the connection's life: the row and the events in one transaction.
    pub(super) async fn accept_connection(
        &self,
        entry: &Arc<Entry>,
        change: ConnectionChange,
    ) -> Result<(), StoreError> {
        let _changing = entry.change.lock().await;
        let old = Arc::clone(&entry.state().instance);
        let now = self.now();
        let (new, events) = match change {
            ConnectionChange::Connecting => connecting(&old, now),
            ConnectionChange::Open(account) => open(&old, account, now),
            // Compatible: what passes is not told; the next thing that clients hear is `connecting`.
            ConnectionChange::Closed(closing) if closing.retrying => (
                Instance {
                    connection: ConnectionState::Connecting,
                    ..Instance::clone(&old)
                },
                Vec::new(),
            ),
            ConnectionChange::Closed(closing) => closed(&old, &closing, now),
            ConnectionChange::Refused => refused(&old, now),
        };
        let new = Arc::new(Instance {
            updated_at: now,
            ..new
        });
        let (row, before) = (Arc::clone(&new), Arc::clone(&old));
        self.store
            .write(move |tx| {
                let (row, before, events) = (Arc::clone(&row), Arc::clone(&before), events.clone());
                Box::pin(async move {
                    instance::set_connection(tx, &row.id, row.connection, now).await?;
                    if profile(&row) != profile(&before) {
                        let (owner, name, picture) = profile(&row);
                        instance::set_profile(tx, &row.id, owner, name, picture, now).await?;
                    }
                    if row.disconnection_at != before.disconnection_at {
                        let object = row.disconnection_object.as_deref();
                        let code = row.disconnection_reason_code;
                        instance::set_disconnection(tx, &row.id, code, object, now).await?;
                    }
                    for event in events {
                        tx.append_event(event);
                    }
                    Ok(())
                })
            })
            .await?;
        if new.connection != old.connection {
            info!(instance = %new.name, "{} is {}", new.name, new.connection.as_str());
        }
        entry.update(|state| state.instance = new);
        Ok(())
    }

    /// A new code to link the account with.
    pub(super) async fn accept_linking_code(
        &self,
        entry: &Arc<Entry>,
        code: LinkingCode,
    ) -> Result<(), StoreError> {
        let shown = self.shown_code(code);
        let instance = Arc::clone(&entry.state().instance);
        let data = json!({"qrcode": {
            "instance": instance.name,
            "pairingCode": shown.pairing_code,
            "code": shown.code,
            "base64": shown.base64,
        }});
        self.tell(new_event(
            &instance,
            EventKind::QrcodeUpdated,
            self.now(),
            &data,
        ))
        .await
    }

    /// A step of linking with a passkey: a member `passkey` of `connection.update`. Not in the original, which hangs there.
    pub(super) async fn accept_passkey(
        &self,
        entry: &Arc<Entry>,
        step: PasskeyStep,
    ) -> Result<(), StoreError> {
        let instance = Arc::clone(&entry.state().instance);
        let data = json!({
            "instance": instance.name,
            "state": ConnectionState::Connecting,
            "statusReason": 200,
            "passkey": shown_step(&step),
        });
        self.tell(new_event(
            &instance,
            EventKind::ConnectionUpdate,
            self.now(),
            &data,
        ))
        .await
    }

    async fn tell(&self, event: NewEvent) -> Result<(), StoreError> {
        self.store
            .write(move |tx| {
                let event = event.clone();
                Box::pin(async move {
                    tx.append_event(event);
                    Ok(())
                })
            })
            .await
    }
}

fn profile(instance: &Instance) -> (Option<&str>, Option<&str>, Option<&str>) {
    (
        instance.owner_jid.as_deref(),
        instance.profile_name.as_deref(),
        instance.profile_pic_url.as_deref(),
    )
}

fn connecting(old: &Instance, now: Timestamp) -> (Instance, Vec<NewEvent>) {
    let data = json!({"instance": old.name, "state": "connecting", "statusReason": 200});
    let new = Instance {
        connection: ConnectionState::Connecting,
        ..old.clone()
    };
    let event = new_event(old, EventKind::ConnectionUpdate, now, &data);
    (new, vec![event])
}

fn open(old: &Instance, account: Account, now: Timestamp) -> (Instance, Vec<NewEvent>) {
    // Another account on the same instance brings its own name and picture.
    let same = old.owner_jid.as_deref() == Some(account.jid.as_str());
    let kept = |value: &Option<String>| value.clone().filter(|_| same);
    let new = Instance {
        connection: ConnectionState::Open,
        profile_name: account.name.or_else(|| kept(&old.profile_name)),
        profile_pic_url: account.picture_url.or_else(|| kept(&old.profile_pic_url)),
        owner_jid: Some(account.jid),
        ..old.clone()
    };
    let mut data = json!({"instance": new.name, "wuid": new.owner_jid});
    if let Some(name) = &new.profile_name {
        data["profileName"] = json!(name);
    }
    data["profilePictureUrl"] = json!(new.profile_pic_url);
    data["state"] = json!("open");
    data["statusReason"] = json!(200);
    let event = new_event(&new, EventKind::ConnectionUpdate, now, &data);
    (new, vec![event])
}

fn closed(old: &Instance, closing: &Closing, now: Timestamp) -> (Instance, Vec<NewEvent>) {
    let object = disconnection_object(closing, now);
    let new = Instance {
        connection: ConnectionState::Close,
        disconnection_reason_code: Some(i32::from(closing.code)),
        disconnection_object: Some(object.clone()),
        disconnection_at: Some(now),
        ..old.clone()
    };
    let status = json!({
        "instance": old.name,
        "status": "closed",
        "disconnectionAt": now,
        "disconnectionReasonCode": closing.code,
        "disconnectionObject": object,
    });
    let mut events = vec![new_event(old, EventKind::StatusInstance, now, &status)];
    match closing.reason {
        CloseReason::LoggedOut | CloseReason::Banned { .. } => {
            events.push(new_event(old, EventKind::LogoutInstance, now, &Value::Null));
        }
        CloseReason::Replaced | CloseReason::Outdated | CloseReason::Lost | CloseReason::Asked => {}
    }
    let update = json!({"instance": old.name, "state": "close", "statusReason": closing.code});
    events.push(new_event(old, EventKind::ConnectionUpdate, now, &update));
    (new, events)
}

fn refused(old: &Instance, now: Timestamp) -> (Instance, Vec<NewEvent>) {
    let limit = json!({"message": LIMIT_REACHED, "statusCode": 500});
    let mut update = json!({"instance": old.name, "state": "refused", "statusReason": 428});
    for (name, value) in [
        ("wuid", &old.owner_jid),
        ("profileName", &old.profile_name),
        ("profilePictureUrl", &old.profile_pic_url),
    ] {
        if let Some(value) = value {
            update[name] = json!(value);
        }
    }
    let new = Instance {
        connection: ConnectionState::Close,
        ..old.clone()
    };
    let events = vec![
        new_event(old, EventKind::QrcodeUpdated, now, &limit),
        new_event(old, EventKind::ConnectionUpdate, now, &update),
    ];
    (new, events)
}

/// A JSON text in the shape that the original stores; `error.data` names what its codes do not tell apart.
fn disconnection_object(closing: &Closing, now: Timestamp) -> String {
    let name = match closing.code {
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Time-out",
        428 => "Precondition Required",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    };
    let data = match closing.reason {
        CloseReason::LoggedOut | CloseReason::Lost | CloseReason::Asked => Value::Null,
        CloseReason::Replaced => json!({"reason": "replaced"}),
        CloseReason::Outdated => json!({"reason": "outdated"}),
        CloseReason::Banned { until } => json!({"reason": "banned", "until": until}),
    };
    json!({
        "error": {
            "data": data,
            "isBoom": true,
            "isServer": closing.code >= 500,
            "output": {
                "statusCode": closing.code,
                "payload": {"statusCode": closing.code, "error": name, "message": closing.text},
                "headers": {},
            },
        },
        "date": now,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use pombo_domain::instance::{ChannelKind, InstanceName};

    use super::*;

    fn instance() -> Instance {
        Instance {
            id: "i".into(),
            name: InstanceName::new("acme").expect("a name"),
            connection: ConnectionState::Connecting,
            owner_jid: Some("1@s.whatsapp.net".to_owned()),
            profile_name: Some("Acme".to_owned()),
            profile_pic_url: None,
            channel: ChannelKind::Whatsapp,
            number: None,
            business_id: None,
            token: String::new(),
            client_name: String::new(),
            disconnection_reason_code: None,
            disconnection_object: None,
            disconnection_at: None,
            created_at: Timestamp::default(),
            updated_at: Timestamp::default(),
        }
    }

    fn told(events: &[NewEvent]) -> Vec<(EventKind, Value)> {
        events
            .iter()
            .map(|event| {
                let data = serde_json::from_str(event.data.get()).expect("JSON");
                (event.kind, data)
            })
            .collect()
    }

    fn closing(reason: CloseReason, code: u16) -> Closing {
        Closing {
            reason,
            code,
            text: "Intentional Logout".to_owned(),
            retrying: false,
        }
    }

    #[test]
    fn a_logout_is_told_in_three_events() {
        let now = Timestamp::from_millis(1_761_048_000_000);
        let (row, events) = closed(&instance(), &closing(CloseReason::LoggedOut, 401), now);
        assert_eq!(row.disconnection_reason_code, Some(401));
        let events = told(&events);
        assert_eq!(events[0].0, EventKind::StatusInstance);
        assert_eq!(
            events[0].1["disconnectionObject"],
            "{\"error\":{\"data\":null,\"isBoom\":true,\"isServer\":false,\"output\":{\"statusCode\":401,\"payload\":\
             {\"statusCode\":401,\"error\":\"Unauthorized\",\"message\":\"Intentional Logout\"},\"headers\":{}}},\
             \"date\":\"2025-10-21T12:00:00.000Z\"}"
        );
        assert_eq!(events[1], (EventKind::LogoutInstance, Value::Null));
        assert_eq!(
            events[2].1,
            json!({"instance": "acme", "state": "close", "statusReason": 401})
        );
    }

    #[test]
    fn who_was_replaced_is_not_logged_out() {
        let now = Timestamp::from_millis(0);
        let (row, events) = closed(&instance(), &closing(CloseReason::Replaced, 440), now);
        let kinds: Vec<_> = told(&events).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(
            kinds,
            [EventKind::StatusInstance, EventKind::ConnectionUpdate]
        );
        assert!(
            row.disconnection_object
                .expect("an object")
                .contains("replaced")
        );
    }

    #[test]
    fn another_account_brings_its_own_name() {
        let now = Timestamp::from_millis(0);
        let account = |jid: &str| Account {
            jid: jid.to_owned(),
            ..Account::default()
        };
        let (row, events) = open(&instance(), account("1@s.whatsapp.net"), now);
        assert_eq!(row.profile_name.as_deref(), Some("Acme"));
        assert_eq!(
            told(&events)[0].1,
            json!({"instance": "acme", "wuid": "1@s.whatsapp.net", "profileName": "Acme",
                   "profilePictureUrl": null, "state": "open", "statusReason": 200})
        );
        let (row, _) = open(&instance(), account("2@s.whatsapp.net"), now);
        assert_eq!(row.profile_name, None);
    }

    #[test]
    fn a_refusal_names_the_limit_and_what_is_known() {
        let (row, events) = refused(&instance(), Timestamp::from_millis(0));
        assert_eq!(row.connection, ConnectionState::Close);
        let events = told(&events);
        assert_eq!(
            events[0].1,
            json!({"message": LIMIT_REACHED, "statusCode": 500})
        );
        assert_eq!(
            events[1].1,
            json!({"instance": "acme", "state": "refused", "statusReason": 428,
                   "wuid": "1@s.whatsapp.net", "profileName": "Acme"})
        );
    }
}
