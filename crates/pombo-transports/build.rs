//! Embeds the official Socket.IO browser client, when npm has brought it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const FILES: [&str; 8] = [
    "socket.io.js",
    "socket.io.js.map",
    "socket.io.min.js",
    "socket.io.min.js.map",
    "socket.io.esm.min.js",
    "socket.io.esm.min.js.map",
    "socket.io.msgpack.min.js",
    "socket.io.msgpack.min.js.map",
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=POMBO_SOCKETIO_CLIENT_DIR");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let source = env::var_os("POMBO_SOCKETIO_CLIENT_DIR").map_or_else(
        || here.join("../../conformance/node_modules/socket.io-client/dist"),
        PathBuf::from,
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut list = String::from("static FILES: &[File] = &[\n");
    let mut found = 0;
    for name in FILES {
        let file = source.join(name);
        println!("cargo::rerun-if-changed={}", file.display());
        let Some(content) = read(&file)? else {
            continue;
        };
        fs::write(out.join(name), &content)?;
        writeln!(
            list,
            "    File {{ name: {name:?}, etag: \"\\\"{:016x}\\\"\", content: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }},",
            fingerprint(&content)
        )
        .map_err(io::Error::other)?;
        found += 1;
    }
    list.push_str("];\n");
    if found == 0 {
        println!(
            "cargo::warning=the Socket.IO browser client was not found; /socket.io/socket.io.js will answer 404 (run `npm ci` in conformance/)"
        );
    }
    fs::write(out.join("bundle.rs"), list)
}

fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// FNV-1a: the same on every machine and in every build, unlike the standard library's hasher.
fn fingerprint(content: &[u8]) -> u64 {
    content.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
