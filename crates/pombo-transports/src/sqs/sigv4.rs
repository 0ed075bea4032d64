//! AWS Signature Version 4, as far as a `POST` without a query needs it. Source: AWS IAM user guide, "Create a signed AWS
//! API request".

use hmac::{Hmac, KeyInit, Mac};
use pombo_domain::clock::Timestamp;
use sha2::{Digest, Sha256};

use crate::name::hex;

/// Who signs, for where.
pub(super) struct Credentials<'a> {
    pub(super) access_key_id: &'a str,
    pub(super) secret_access_key: &'a str,
    pub(super) region: &'a str,
    pub(super) service: &'a str,
}

/// What is signed: `POST {path}` with these headers and this body.
pub(super) struct Signed<'a> {
    /// Escaped already.
    pub(super) path: &'a str,
    /// Lower-case names, sorted, `host` and `x-amz-date` among them; values without surrounding blanks.
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a [u8],
}

/// The time as it is signed: `20150830T123600Z`, the value of `x-amz-date`.
pub(super) fn amz_date(now: Timestamp) -> String {
    let iso = now.to_iso();
    let digits: String = iso
        .chars()
        .take("2015-08-30T12:36:00".len())
        .filter(|one| !matches!(one, '-' | ':'))
        .collect();
    format!("{digits}Z")
}

/// The value of `Authorization`. `amz_date` must be the header's.
pub(super) fn authorization(who: &Credentials<'_>, what: &Signed<'_>, amz_date: &str) -> String {
    let names: Vec<_> = what.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let headers = what
        .headers
        .iter()
        .fold(String::new(), |text, (name, value)| {
            text + name + ":" + value + "\n"
        });
    let canonical = format!(
        "POST\n{}\n\n{headers}\n{names}\n{}",
        what.path,
        hex(&Sha256::digest(what.body))
    );
    let day = amz_date.split('T').next().unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", who.region, who.service);
    let text = format!(
        "AWS4-HMAC-SHA256\n{amz_date}\n{scope}\n{}",
        hex(&Sha256::digest(&canonical))
    );
    let first = format!("AWS4{}", who.secret_access_key).into_bytes();
    let key = [day, who.region, who.service, "aws4_request"]
        .into_iter()
        .fold(first, |key, part| hmac(&key, part));
    format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
        who.access_key_id,
        hex(&hmac(&key, &text))
    )
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do for HMAC");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: Credentials<'_> = Credentials {
        access_key_id: "AKIDEXAMPLE",
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        region: "us-east-1",
        service: "service",
    };
    const DATE: &str = "20150830T123600Z";

    fn signature(headers: &[(&str, &str)], body: &[u8]) -> String {
        let what = Signed {
            path: "/",
            headers,
            body,
        };
        let authorization = authorization(&SUITE, &what, DATE);
        authorization
            .rsplit_once("Signature=")
            .unwrap()
            .1
            .to_owned()
    }

    #[test]
    fn the_published_test_suite() {
        // Source: the AWS Signature Version 4 test suite: post-vanilla, post-header-key-sort's neighbour
        // post-header-value-case, and post-x-www-form-urlencoded.
        let host = ("host", "example.amazonaws.com");
        let date = ("x-amz-date", DATE);
        assert_eq!(
            signature(&[host, date], b""),
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        assert_eq!(
            signature(&[host, ("my-header1", "VALUE1"), date], b""),
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"
        );
        let form = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(
            signature(&[form, host, date], b"Param1=value1"),
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    #[test]
    fn the_whole_header() {
        let what = Signed {
            path: "/",
            headers: &[("host", "example.amazonaws.com"), ("x-amz-date", DATE)],
            body: b"",
        };
        assert_eq!(
            authorization(&SUITE, &what, DATE),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
    }

    #[test]
    fn times() {
        assert_eq!(
            amz_date(Timestamp::from_millis(1_440_938_160_999)),
            "20150830T123600Z"
        );
    }
}
