//! A certificate authority of a test's own, made by OpenSSL.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::skip;

/// An authority that nobody else trusts; its files end with it.
pub(crate) struct Authority {
    folder: tempfile::TempDir,
}

/// A certificate and its key, as files.
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Pair {
    /// The certificate and the key as PEM in one line, with `\n` for its line ends, as `.env` files carry them.
    pub(crate) fn in_lines(&self) -> (String, String) {
        (in_line(&self.certificate), in_line(&self.key))
    }
}

impl Authority {
    /// `None`, said loudly, without `openssl`.
    pub(crate) fn make() -> Option<Self> {
        if Command::new("openssl")
            .arg("version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            skip("openssl");
            return None;
        }
        let folder = tempfile::tempdir().expect("a temporary directory can be made");
        let authority = Self { folder };
        let own = authority.pair("authority");
        request(
            &own,
            "test authority",
            "basicConstraints=critical,CA:TRUE",
            None,
        );
        Some(authority)
    }

    /// The authority's own certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.pair("authority").certificate
    }

    /// The same as PEM in one line.
    pub(crate) fn in_line(&self) -> String {
        in_line(&self.certificate())
    }

    /// A certificate for `name` at 127.0.0.1.
    pub(crate) fn issue(&self, name: &str) -> Pair {
        let pair = self.pair(name);
        request(
            &pair,
            name,
            "basicConstraints=critical,CA:FALSE",
            Some(self),
        );
        pair
    }

    fn pair(&self, name: &str) -> Pair {
        let file = |kind: &str| self.folder.path().join(format!("{name}.{kind}"));
        Pair {
            certificate: file("pem"),
            key: file("key"),
        }
    }
}

fn request(pair: &Pair, name: &str, constraints: &str, issuer: Option<&Authority>) {
    let mut command = Command::new("openssl");
    command
        .args(["req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"])
        .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-subj", &format!("/CN={name}"), "-addext", constraints])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&pair.key)
        .arg("-out")
        .arg(&pair.certificate);
    if let Some(issuer) = issuer {
        let issuer = issuer.pair("authority");
        command.arg("-CA").arg(issuer.certificate);
        command.arg("-CAkey").arg(issuer.key);
    }
    let made = command.output().expect("openssl is there");
    let complaint = String::from_utf8_lossy(&made.stderr);
    assert!(made.status.success(), "openssl: {complaint}");
}

fn in_line(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("it was just made");
    text.replace('\n', "\\n")
}
