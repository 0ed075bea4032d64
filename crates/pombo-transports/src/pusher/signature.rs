//! How a request is signed. Source: Pusher Channels HTTP API reference, "Authentication".

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::name::hex;

/// The signed query of `POST {path}` with this body.
pub(super) fn signed_query(
    path: &str,
    body: &[u8],
    key: &str,
    secret: &str,
    now_seconds: i64,
) -> String {
    let body_md5 = hex(&Md5::digest(body));
    // In alphabetical order, as it is signed. A key that needs escaping is none of Pusher's.
    let query =
        format!("auth_key={key}&auth_timestamp={now_seconds}&auth_version=1.0&body_md5={body_md5}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("a key of any length will do for HMAC");
    mac.update(format!("POST\n{path}\n{query}").as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    format!("{query}&auth_signature={signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_of_the_documentation() {
        // Source: Pusher Channels HTTP API reference, "Worked authentication example".
        let body = br#"{"name":"foo","channels":["project-3"],"data":"{\"some\":\"data\"}"}"#;
        let query = signed_query(
            "/apps/3/events",
            body,
            "278d425bdf160c739803",
            "7ad3773142a6692b25b8",
            1_353_088_179,
        );
        assert_eq!(
            query,
            "auth_key=278d425bdf160c739803&auth_timestamp=1353088179&auth_version=1.0\
             &body_md5=ec365a775a4cd0599faeb73354201b6f\
             &auth_signature=da454824c97ba181a32ccc17a72625ba02771f50b50e1e7430e47a1f3f457e6c"
        );
    }
}
