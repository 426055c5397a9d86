//! The crates of the workspace, their manifests and their files.
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) struct Crate {
    pub(crate) name: &'static str,
    folder: &'static str,
    /// Those of ours that it may be built on.
    pub(crate) on: &'static [&'static str],
}

const fn service(name: &'static str) -> Crate {
    Crate { name, folder: name, on: &["platform", "proto"] }
}

/// The lower ones first.
pub(crate) const CRATES: [Crate; 10] = [
    Crate { name: "proto", folder: "proto", on: &[] },
    Crate { name: "platform", folder: "platform", on: &["proto"] },
    service("auth-svc"),
    service("patient-svc"),
    service("doctor-svc"),
    service("appointment-svc"),
    service("notification-svc"),
    service("gateway"),
    Crate { name: "local", folder: "deploy/local", on: &["platform", "proto"] },
    Crate { name: "tests", folder: "tests", on: &["local", "platform", "proto"] },
];

pub(crate) struct File {
    /// From the root of the workspace.
    pub(crate) path: String,
    pub(crate) source: String,
}

impl Crate {
    pub(crate) fn is_service(&self) -> bool {
        self.name.ends_with("-svc")
    }

    /// Where its module trees start.
    pub(crate) fn roots(&self) -> Vec<PathBuf> {
        let roots = ["src/lib.rs", "src/main.rs"].map(|root| workspace().join(self.folder).join(root));
        roots.into_iter().filter(|root| root.exists()).collect()
    }

    pub(crate) fn files(&self) -> Vec<File> {
        let mut found = Vec::new();
        collect(&workspace().join(self.folder).join("src"), &mut found);
        found
    }

    /// What it depends on, with the section of the manifest that says so.
    pub(crate) fn dependencies(&self) -> Vec<(String, String)> {
        let manifest = workspace().join(self.folder).join("Cargo.toml");
        dependencies(&fs::read_to_string(manifest).expect("every crate has a manifest"))
    }
}

fn dependencies(manifest: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut section = "";
    for line in manifest.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
        } else if section.ends_with("dependencies") && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['.', '=', ' ']).next().unwrap_or_default();
            found.push((section.to_owned(), name.to_owned()));
        }
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<File>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = fs::read_to_string(&path).expect("source is text");
            let path = path.strip_prefix(workspace()).expect("it is below").to_string_lossy().into_owned();
            found.push(File { path, source });
        }
    }
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate is in the workspace")
}

#[test]
fn every_member_of_the_workspace_is_known() {
    let manifest = fs::read_to_string(workspace().join("Cargo.toml")).expect("the workspace has a manifest");
    let (_, members) = manifest.split_once("members = [").expect("it has members");
    let (members, _) = members.split_once(']').expect("the list ends");
    let members: Vec<_> = members.split('"').skip(1).step_by(2).collect();
    assert_eq!(members, CRATES.map(|krate| krate.folder));
}

#[test]
fn every_way_to_write_a_dependency_is_seen() {
    let manifest = "[package]\nname = \"a\"\n\n[dependencies]\nb.workspace = true\n# c\nd = { path = \"../d\" }\n\
                    [target.'cfg(unix)'.dev-dependencies]\ne = \"1\"\n[lints]\nworkspace = true\n";
    let found: Vec<_> = dependencies(manifest).into_iter().map(|(_, name)| name).collect();
    assert_eq!(found, ["b", "d", "e"]);
}
