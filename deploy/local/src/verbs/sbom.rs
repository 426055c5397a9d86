//! `cargo dev sbom`: what the programs are made of, as CycloneDX tells it.
use crate::verbs::build::cargo;
use anyhow::{Context, ensure};
use local::places::checkout;
use local::say::Say;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::ExitCode;

pub(crate) async fn run(say: &Say) -> anyhow::Result<ExitCode> {
    let asked = cargo("metadata")?.args(["--format-version=1", "--locked", "--offline"]).output().await?;
    ensure!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let metadata: Value = serde_json::from_slice(&asked.stdout)?;
    let bill = bill(&metadata, &checksums()?)?;
    let file = checkout().join("target/sbom.cdx.json");
    fs::create_dir_all(file.parent().unwrap_or(checkout()))?;
    fs::write(&file, serde_json::to_string_pretty(&bill)?)?;
    let count = bill["components"].as_array().map_or(0, Vec::len);
    say.done(format_args!("{}: {count} components", file.display()));
    Ok(ExitCode::SUCCESS)
}

/// SHA-256 of what came from a registry, by name and version, as Cargo.lock pins it.
fn checksums() -> anyhow::Result<BTreeMap<(String, String), String>> {
    let lock = fs::read_to_string(checkout().join("Cargo.lock"))?;
    let value = |block: &str, name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{name} = ")));
        line.map(|text| text.trim_matches('"').to_owned())
    };
    let pinned =
        |block: &str| Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?));
    Ok(lock.split("[[package]]").filter_map(pinned).collect())
}

/// Everything that the workspace's programs are built from, tests not included, with what needs what.
fn bill(metadata: &Value, checksums: &BTreeMap<(String, String), String>) -> anyhow::Result<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let needs: BTreeMap<String, Vec<String>> = list(&metadata["resolve"]["nodes"])
        .iter()
        .map(|node| {
            let is_built = |need: &&Value| list(&need["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev");
            let needs = list(&node["deps"]);
            (text(&node["id"]), needs.iter().filter(is_built).map(|need| text(&need["pkg"])).collect())
        })
        .collect();
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<String> = list(&metadata["workspace_default_members"]).iter().map(text).collect();
    while let Some(id) = ahead.pop() {
        if reached.insert(id.clone()) {
            ahead.extend(needs.get(&id).context("a package is not resolved")?.clone());
        }
    }
    let mut components = Vec::new();
    for package in
        list(&metadata["packages"]).iter().filter(|package| reached.contains(&text(&package["id"])))
    {
        let (name, version) = (text(&package["name"]), text(&package["version"]));
        let mut component = json!({
            "type": "library",
            "bom-ref": package["id"],
            "name": name,
            "version": version,
            "purl": format!("pkg:cargo/{name}@{version}"),
        });
        if let Some(license) = package["license"].as_str() {
            component["licenses"] = json!([{ "expression": license.replace('/', " OR ") }]);
        }
        if package["source"].is_string() {
            let checksum =
                checksums.get(&(name.clone(), version)).with_context(|| format!("{name} is not pinned"))?;
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        components.push(component);
    }
    ensure!(components.len() == reached.len(), "a package is not described");
    let dependencies: Vec<Value> = reached
        .iter()
        .map(|id| json!({ "ref": id, "dependsOn": needs[id].iter().collect::<BTreeSet<_>>() }))
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": { "type": "application", "name": "healthcare", "version": env!("CARGO_PKG_VERSION") } },
        "components": components,
        "dependencies": dependencies,
    }))
}
