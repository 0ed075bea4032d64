use pombo_domain::event::EventKind;

use super::config::MqttConfig;
use super::topic::of;

#[test]
fn topics() {
    assert_eq!(
        of("pombo", "acme", EventKind::GroupParticipantsUpdate),
        "pombo/acme/group-participants.update"
    );
    assert_eq!(of("", "a+b/c#%", EventKind::Call), "a%2Bb%2Fc%23%25/call");
}

#[test]
fn addresses() {
    let options = |url: &str| {
        let config = MqttConfig {
            url: url.to_owned().into(),
            prefix: "pombo".to_owned(),
        };
        config.options()
    };
    let plain = options("mqtt://u:p%40@broker").unwrap();
    assert_eq!(plain.broker_address(), ("broker".to_owned(), 1883));
    let login = plain.credentials().unwrap();
    assert_eq!(
        (login.username.as_str(), login.password.as_str()),
        ("u", "p@")
    );
    assert_eq!(options("mqtts://b").unwrap().broker_address().1, 8883);
    assert_eq!(options("mqtt://b:99").unwrap().broker_address().1, 99);
    for wrong in ["http://u:secret@b", "mqtt:secret", "secret"] {
        let error = options(wrong).unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
    }
}
