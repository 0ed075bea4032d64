//! Embeds the official Socket.IO browser client. It comes from npm, at the version and hash of `browser/package-lock.json`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
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
    println!("cargo::rerun-if-changed=browser");
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let source = match env::var_os("POMBO_SOCKETIO_CLIENT_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => from_npm(&here, &out),
    };
    // What is made here is newer than the build that made it, which would then always be done again.
    let made_here = source.starts_with(&out);
    let mut list = String::from("static FILES: &[File] = &[\n");
    let mut found = 0;
    for name in FILES {
        let file = source.join(name);
        if !made_here {
            println!("cargo::rerun-if-changed={}", file.display());
        }
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
        if made_here {
            // Perhaps the next build can.
            println!(
                "cargo::rerun-if-changed={}",
                source.join(FILES[0]).display()
            );
        }
        println!(
            "cargo::warning=the Socket.IO browser client was not found; /socket.io/socket.io.js will answer 404 (it comes from npm, which this build could not use)"
        );
    }
    fs::write(out.join("bundle.rs"), list)
}

/// Where the client is: where the tests have it, or else where npm brings it to now.
fn from_npm(here: &Path, out: &Path) -> PathBuf {
    let tests = here.join("../../conformance/node_modules/socket.io-client/dist");
    if tests.is_dir() {
        return tests;
    }
    let folder = out.join("browser");
    let dist = folder.join("node_modules/socket.io-client/dist");
    if let Err(reason) = npm(&here.join("browser"), &folder) {
        println!("cargo::warning=npm did not bring the Socket.IO browser client: {reason}");
    }
    dist
}

/// `npm ci` for the lock file in `source`, in `folder`. No script of a package is run.
fn npm(source: &Path, folder: &Path) -> Result<(), String> {
    let text = |error: io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(text)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(source.join(name), folder.join(name)).map_err(text)?;
    }
    let npm = Command::new("npm")
        .args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .args(["--fetch-retries=1", "--fetch-timeout=20000"])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("npm cannot be run ({error})"))?;
    if npm.status.success() {
        return Ok(());
    }
    let complaint = String::from_utf8_lossy(&npm.stderr);
    Err(complaint.lines().next().unwrap_or("npm failed").to_owned())
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
