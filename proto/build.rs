//! Compiles every .proto below `healthcare/`; `protox` spares us a protoc binary.
use protox::Compiler;
use protox::prost_reflect::{DescriptorPool, DynamicMessage, Value};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::{env, error::Error, fs, path::Path, path::PathBuf};

const ROLES: [&str; 5] = ["admin", "auditor", "doctor", "patient", "staff"];
const SERVICES: [&str; 6] =
    ["appointment-svc", "auth-svc", "doctor-svc", "gateway", "notification-svc", "patient-svc"];

#[expect(clippy::disallowed_methods, reason = "a build script gets its settings from cargo this way")]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=healthcare");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut compiler = Compiler::new(["."])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(protos_below(Path::new("healthcare"))?)?;
    // With the options of our own, which the typed set has lost.
    fs::write(out.join("descriptors.bin"), compiler.encode_file_descriptor_set())?;
    fs::write(out.join("access.rs"), access(&compiler.descriptor_pool())?)?;
    tonic_prost_build::configure()
        // A derived Debug would print patient data, so messages have none. Enums hold none of it.
        .skip_debug(["."])
        .enum_attribute(".", "#[derive(Debug)]")
        .compile_fds(compiler.file_descriptor_set())?;
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

/// Who may call each method, as Rust. A method that does not say it fails the build.
fn access(pool: &DescriptorPool) -> Result<String, Box<dyn Error>> {
    let option = pool.get_extension_by_name("healthcare.access.v1.access").ok_or("no access option")?;
    let (mut methods, mut scopes) = (String::new(), BTreeSet::new());
    for method in pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()) {
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        let options = method.options();
        let access = options.get_extension(&option).into_owned();
        let Value::Message(access) = access else { return Err(path.into()) };
        let open = access.get_field_by_name("open").is_some_and(|open| open.as_bool() == Some(true));
        let scope = access.get_field_by_name("scope").and_then(|scope| scope.as_str().map(str::to_owned));
        let scope = scope.filter(|scope| !scope.is_empty());
        let (roles, services) = (words(&access, "roles", &ROLES)?, words(&access, "services", &SERVICES)?);
        if open != (roles.is_empty() && services.is_empty()) || roles.is_empty() != scope.is_none() {
            return Err(format!("{path} does not say who may call it, and by which scope").into());
        }
        writeln!(
            methods,
            "({path:?}, Access {{ open: {open}, roles: &{roles:?}, scope: {scope:?}, services: &{services:?} }}),"
        )?;
        scopes.extend(scope);
    }
    Ok(format!(
        "pub const SCOPES: &[&str] = &{scopes:?};\nconst METHODS: &[(&str, Access)] = &[\n{methods}];\n",
        scopes = scopes.into_iter().collect::<Vec<_>>()
    ))
}

fn words(access: &DynamicMessage, field: &str, known: &[&str]) -> Result<Vec<String>, Box<dyn Error>> {
    let value = access.get_field_by_name(field).ok_or("the access option has changed")?;
    let words = value.as_str().unwrap_or_default().split_whitespace().map(str::to_owned);
    let words: Vec<String> = words.collect();
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        Some(unknown) => Err(format!("{field} of ours do not include {unknown}").into()),
        None => Ok(words),
    }
}
