//! What is written down of how the system is deployed, held against what its programs say of themselves.
use local::places::binaries;
use local::service::Service;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// Where secrets are mounted.
const SECRETS: &str = "/run/secrets/healthcare/";

type Settings = BTreeMap<String, String>;

fn deploy() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(deploy().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a program can be told.
struct Manual {
    variables: BTreeSet<String>,
    secrets: BTreeSet<String>,
    required: BTreeSet<String>,
}

impl Manual {
    fn of(service: Service) -> Self {
        let mut program = Command::new(binaries().unwrap().join(service.name()));
        let help = program.arg("--help").env_clear().output().unwrap().stdout;
        let help = String::from_utf8(help).unwrap();
        let marks = help.lines().filter_map(|line| line.trim().strip_prefix("[env: ")?.strip_suffix(']'));
        let variables = marks.clone().map(|mark| mark.trim_end_matches('=').to_owned()).collect();
        // The value of a secret is not shown, not even that it has none.
        let secrets = marks.filter(|mark| !mark.ends_with('=')).map(str::to_owned).collect();
        let usage = help.lines().find(|line| line.starts_with("Usage:")).unwrap();
        let options = usage.split_whitespace().filter_map(|word| word.strip_prefix("--"));
        let required = options.map(|option| option.to_uppercase().replace('-', "_")).collect();
        Self { variables, secrets, required }
    }

    /// What is wrong with `settings`, which a program is to start with.
    fn objections(&self, settings: &Settings) -> Vec<String> {
        let mut wrong = self.unknown(settings);
        let is_set =
            |name: &String| settings.contains_key(name) || settings.contains_key(&format!("{name}_FILE"));
        let missing = self.required.iter().filter(|name| !is_set(name));
        wrong.extend(missing.map(|name| format!("{name} is required and not set")));
        wrong
    }

    fn unknown(&self, settings: &Settings) -> Vec<String> {
        let is_known = |name: &&String| {
            let secret = name.strip_suffix("_FILE").is_some_and(|secret| self.secrets.contains(secret));
            self.variables.contains(*name) || secret
        };
        settings.keys().filter(|name| !is_known(name)).map(|name| format!("{name} is no setting")).collect()
    }
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n  {}\n", wrong.join("\n  "));
}

fn about(what: &str, wrong: Vec<String>) -> impl Iterator<Item = String> {
    wrong.into_iter().map(move |wrong| format!("{what}: {wrong}"))
}

fn env_file(path: &str) -> Settings {
    let pair = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("{path}: {line}"));
        (name.to_owned(), value.to_owned())
    };
    read(path).lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(pair).collect()
}

fn in_kubernetes(service: Service) -> Settings {
    env_file(&format!("k8s/base/settings/{service}.env"))
}

fn port(address: &str) -> &str {
    address.rsplit_once(':').unwrap().1
}

#[test]
fn on_kubernetes_programs_get_all_that_they_ask_for_and_nothing_else() {
    let mut wrong = Vec::new();
    for service in Service::ALL {
        let manual = Manual::of(service);
        wrong.extend(about(service.name(), manual.objections(&in_kubernetes(service))));
        for folder in ["components/mtls", "overlays/production"] {
            let path = format!("k8s/{folder}/settings/{service}.env");
            if deploy().join(&path).exists() {
                wrong.extend(about(&path, manual.unknown(&env_file(&path))));
            }
        }
        let open = in_kubernetes(service).into_keys().filter(|name| manual.secrets.contains(name));
        wrong.extend(about(service.name(), open.map(|name| format!("{name} is in the clear")).collect()));
    }
    assert_none(&wrong);
}

/// What the script makes of Secrets.
fn printed_secrets(words: &[&str]) -> String {
    let script = Command::new("bash").arg(deploy().join("k8s/secrets.sh")).args(words).output().unwrap();
    assert!(script.status.success(), "{}", String::from_utf8_lossy(&script.stderr));
    String::from_utf8(script.stdout).unwrap()
}

/// The keys of each Secret that the script makes.
fn secrets() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for document in printed_secrets(&[]).split("---\n").filter(|text| !text.is_empty()) {
        let name = document.split_once("metadata: { name: ").unwrap().1.split([',', ' ']).next().unwrap();
        let (_, data) = document.split_once("stringData:\n").unwrap();
        let keys = data.lines().map(|line| line.trim().split_once(':').unwrap().0.to_owned());
        assert!(found.insert(name.to_owned(), keys.collect()).is_none(), "{name} is made twice");
    }
    found
}

#[test]
fn each_secret_is_a_file_for_whoever_reads_it() {
    let made = secrets();
    for service in Service::ALL {
        let read = in_kubernetes(service).into_iter().filter(|(name, _)| name.ends_with("_FILE"));
        let read: BTreeSet<String> = read
            .map(|(name, path)| {
                let key = path.strip_prefix(SECRETS).unwrap_or_else(|| panic!("{service}: {path}"));
                assert_eq!(format!("{key}_FILE"), name, "{service}");
                key.to_owned()
            })
            .collect();
        assert_eq!(made.get(service.name()), Some(&read), "{service}");
        let manifest = self::read(&format!("k8s/base/{service}.yaml"));
        assert!(
            manifest.contains(&format!("secret: {{ secretName: {service},")),
            "{service} mounts no secret"
        );
    }
    let all = [
        "k8s/stores/postgres/cluster.yaml",
        "k8s/stores/rabbitmq/cluster.yaml",
        "k8s/overlays/local/stores.yaml",
    ];
    let all = all.map(read).concat();
    let of_service =
        |name: &str| Service::ALL.iter().any(|service| service.name() == name.trim_end_matches("-migration"));
    for other in made.keys().filter(|name| !of_service(name)) {
        assert!(
            all.contains(&format!("name: {other}")) || other == "redis",
            "nobody reads the secret {other}"
        );
    }
}

#[test]
fn only_the_job_that_migrates_may_change_tables() {
    let made = secrets();
    for service in Service::GRPC {
        assert_eq!(in_kubernetes(service).get("MIGRATE").map(String::as_str), Some("false"), "{service}");
        let secret = format!("{service}-migration");
        let key = "DATABASE_OWNER_URL";
        assert_eq!(made.get(&secret), Some(&BTreeSet::from([key.to_owned()])), "{service}");
        assert!(!made[service.name()].contains(key), "{service}");
        let manifest = read(&format!("k8s/base/{service}.yaml"));
        for document in manifest.split("---\n") {
            let is_job = document.contains("kind: Job\n");
            assert_eq!(document.contains(&format!("secret: {{ name: {secret} }}")), is_job, "{document}");
            let path = format!("{{ name: {key}_FILE, value: {SECRETS}{key} }}");
            assert_eq!(document.contains(&path), is_job, "{document}");
            assert!(!is_job || document.contains("args: [migrate]\n"), "{document}");
        }
    }
}

#[test]
fn ports_are_those_that_programs_listen_on() {
    let dockerfile = read("Dockerfile");
    for service in Service::ALL {
        let settings = in_kubernetes(service);
        let manifest = read(&format!("k8s/base/{service}.yaml"));
        for address in ["LISTEN", "ADMIN_LISTEN"] {
            let listens = format!("containerPort: {} }}", port(&settings[address]));
            assert!(manifest.contains(&listens), "{service} has no {listens}");
        }
        let stage =
            dockerfile.split(&format!("AS {service}\n")).nth(1).unwrap().split("FROM").next().unwrap();
        assert!(stage.contains(&format!("LISTEN={}\n", settings["LISTEN"])), "image of {service}");
        assert!(stage.contains(&format!("EXPOSE {}\n", port(&settings["LISTEN"]))), "image of {service}");
    }
}

/// Connection strings of stores: scheme, host and port, and what follows the path.
fn connection_strings(secrets: &str) -> Vec<(&str, &str, &str)> {
    let urls =
        secrets.lines().filter_map(|line| line.split_once(": \"")?.1.strip_suffix('"')?.split_once("://"));
    urls.map(|(scheme, rest)| {
        let (place, path) = rest.split_once('@').unwrap().1.split_once('/').unwrap();
        (scheme, place, path.split_once('?').map_or("", |(_, query)| query))
    })
    .collect()
}

#[test]
fn in_production_nothing_goes_to_a_store_in_the_clear() {
    let printed = printed_secrets(&[]);
    let stores = connection_strings(&printed);
    assert_eq!(stores.len(), 5 + 5 + 2 + 5 + 2, "roles of services, replicas, RabbitMQ, Redis");
    let certificates =
        ["postgres", "rabbitmq", "redis"].map(|store| read(&format!("k8s/stores/{store}/certificate.yaml")));
    let policies = read("k8s/components/network-policies/policies.yaml");
    for (scheme, place, query) in stores {
        assert!(
            matches!((scheme, query), ("postgres", "sslmode=require") | ("amqps" | "rediss", "")),
            "{scheme} {query}"
        );
        let (host, port) = place.split_once(':').unwrap();
        let named = |certificate: &String| certificate.contains(&format!("{host}, {host}.healthcare.svc"));
        assert!(certificates.iter().any(named), "no certificate is for {host}");
        assert!(policies.contains(&format!("port: {port} }}")), "nobody may go to {place}");
    }
    for service in Service::ALL {
        let told = env_file(&format!("k8s/overlays/production/settings/{service}.env"));
        for (url, file) in [
            ("DATABASE_URL", "DATABASE_CA_FILE"),
            ("RABBITMQ_URL", "RABBITMQ_CA_FILE"),
            ("REDIS_URL", "REDIS_CA_FILE"),
        ] {
            let has_store = in_kubernetes(service).contains_key(&format!("{url}_FILE"));
            assert_eq!(told.contains_key(file), has_store, "{service} {file}");
        }
    }
    let local = printed_secrets(&["local"]);
    let local = connection_strings(&local);
    assert!(
        local
            .iter()
            .all(|(scheme, _, query)| matches!(*scheme, "postgres" | "amqp" | "redis") && query.is_empty())
    );
}

/// Whom a service calls, by its settings, at the port that is listened on there.
fn peers(settings: &Settings) -> BTreeSet<Service> {
    let named = |service: Service| settings.get(service.url_variable()?).map(|urls| (service, urls));
    let mut found = BTreeSet::new();
    for (service, urls) in Service::ALL.into_iter().filter_map(named) {
        let listens = in_kubernetes(service);
        for url in urls.split(',') {
            let there = format!("{service}:{}", port(&listens["LISTEN"]));
            assert_eq!(url.split_once("://").unwrap().1, there);
        }
        found.insert(service);
    }
    found
}

/// Of a direction of a service's policy, the services that it names.
fn allowed(service: Service, direction: &str) -> BTreeSet<Service> {
    let policies = read("k8s/components/network-policies/policies.yaml");
    let name = format!("\n  name: {service}\n");
    let policy = policies.split("---\n").find(|policy| policy.contains(&name)).unwrap();
    let (ingress, egress) = policy.split_once("\n  egress:").unwrap();
    let rules = if direction == "egress" { egress } else { ingress.split_once("\n  ingress:").unwrap().1 };
    let names = |service: &Service| rules.contains(&format!("app.kubernetes.io/name: {service} }}"));
    Service::ALL.into_iter().filter(names).collect()
}

#[test]
fn the_network_lets_services_call_whom_they_are_told_of_and_nobody_else() {
    for service in Service::ALL {
        let callees = peers(&in_kubernetes(service));
        assert_eq!(callees, allowed(service, "egress"), "out of {service}");
        let encrypted = env_file(&format!("k8s/components/mtls/settings/{service}.env"));
        assert_eq!(callees, peers(&encrypted), "{service} with certificates");
        let callers =
            Service::ALL.into_iter().filter(|other| peers(&in_kubernetes(*other)).contains(&service));
        assert_eq!(callers.collect::<BTreeSet<_>>(), allowed(service, "ingress"), "into {service}");
    }
}

/// The environment of each of the services of the compose file.
fn in_compose() -> BTreeMap<String, Settings> {
    let text = read("compose.yaml");
    let value =
        |line: &str| line.trim().split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (_, shared) = text.split_once("x-process: &process\n").unwrap();
    let shared = shared.lines().take_while(|line| line.starts_with("  "));
    let shared: Settings = shared.filter(|line| !line.trim().starts_with('#')).filter_map(value).collect();
    let mut found = BTreeMap::<String, Settings>::new();
    let (mut service, mut is_environment) = (String::new(), false);
    for line in text.split_once("\nservices:\n").unwrap().1.lines() {
        let depth = line.len() - line.trim_start().len();
        match (depth, line.trim()) {
            (2, name) => name.trim_end_matches(':').clone_into(&mut service),
            (4, key) => is_environment = key == "environment:",
            (6, "<<: *process") => found.entry(service.clone()).or_default().extend(shared.clone()),
            (6, _) if is_environment => found.entry(service.clone()).or_default().extend(value(line)),
            _ => {}
        }
    }
    found
}

#[test]
fn compose_gives_programs_all_that_they_ask_for_and_nothing_else() {
    let composed = in_compose();
    let mut wrong = Vec::new();
    for service in Service::ALL {
        let settings = &composed[service.name()];
        wrong.extend(about(service.name(), Manual::of(service).objections(settings)));
        assert_eq!(peers(settings), peers(&in_kubernetes(service)), "{service}");
    }
    assert_none(&wrong);
}

#[test]
fn the_example_of_settings_has_what_compose_asks_for_and_nothing_else() {
    let text = read("compose.yaml");
    let asked = text.split("${").skip(1).map(|rest| rest.split([':', '}']).next().unwrap().to_owned());
    let given = env_file(".env.example");
    assert_eq!(asked.collect::<BTreeSet<_>>(), given.into_keys().collect::<BTreeSet<_>>());
}
