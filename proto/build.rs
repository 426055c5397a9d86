//! Compiles every .proto below `healthcare/`; `protox` spares us a protoc binary.
use prost::Message as _;
use std::{env, error::Error, fs, path::Path, path::PathBuf};

#[expect(clippy::disallowed_methods, reason = "a build script gets its settings from cargo this way")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=healthcare");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(protos_below(Path::new("healthcare"))?, ["."])?;
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        // A derived Debug would print patient data, so messages have none. Enums hold none of it.
        .skip_debug(["."])
        .enum_attribute(".", "#[derive(Debug)]")
        .compile_fds(descriptors)?;
    Ok(())
}

fn protos_below(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(protos_below(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
