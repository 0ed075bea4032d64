//! Who is on WhatsApp, under which addresses, with which devices.

use whatsapp_rust::wacore::types::events::Event;

use crate::kit::{ALICE, BOB, CAROL, Client, simulator, text};

#[tokio::test]
async fn numbers_are_looked_up() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    simulator.add_account(BOB, "Bob");
    let found = alice
        .contacts()
        .is_on_whatsapp(&[
            format!("{BOB}@s.whatsapp.net").parse().expect("an address"),
            "5500000000000@s.whatsapp.net".parse().expect("an address"),
        ])
        .await
        .expect("an answer");
    let registered: Vec<_> = found
        .iter()
        .map(|user| (user.jid.user.to_string(), user.is_registered))
        .collect();
    assert_eq!(
        registered,
        [(BOB.to_owned(), true), ("5500000000000".to_owned(), false)]
    );
    let lid = found[0].lid.clone().expect("the LID comes with it");
    let by_lid = alice
        .contacts()
        .is_on_whatsapp(std::slice::from_ref(&lid))
        .await
        .expect("an answer");
    assert_eq!(by_lid[0].jid.user, lid.user);
    assert_eq!(
        by_lid[0].pn_jid.as_ref().map(|pn| pn.user.to_string()),
        Some(BOB.to_owned())
    );
}

#[tokio::test]
async fn about_texts_and_devices_are_looked_up() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let info = alice
        .contacts()
        .get_user_info(&[bob.jid()])
        .await
        .expect("an answer");
    let info = info.values().next().expect("one user");
    assert_eq!(
        info.status.as_deref(),
        Some("Hey there! I am using WhatsApp.")
    );
    assert_eq!(info.devices, [0, 1]);
}

#[tokio::test]
async fn who_knows_an_account_learns_of_its_new_companion_and_writes_to_it() {
    let simulator = simulator().await;
    let alice = Client::linked(&simulator, ALICE).await;
    let bob = Client::linked(&simulator, BOB).await;
    let carol = Client::linked(&simulator, CAROL).await;
    alice
        .send_message(bob.jid(), text("one"))
        .await
        .expect("accepted");
    bob.text("one").await;
    let second = Client::linked(&simulator, BOB).await;
    alice
        .wait("the change of devices", |event| match event {
            Event::DeviceListUpdate(update) => (update.user.user == BOB).then_some(()),
            _ => None,
        })
        .await;
    alice
        .send_message(bob.jid(), text("two"))
        .await
        .expect("accepted");
    bob.text("two").await;
    second.text("two").await;
    // Carol has nothing to do with Bob.
    assert!(!carol.has_seen(|event| matches!(event, Event::DeviceListUpdate(_))));
}
