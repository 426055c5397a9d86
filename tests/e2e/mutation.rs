//! Requests made up from the examples of the document, each with something hostile in it. Whatever it is, it is the
//! client's mistake: nothing answers 5xx.
use reqwest::Method;
use serde_json::{Map, Value, json};
use tests::clinic::at;
use tests::document::DOCUMENT;
use tests::mesh::Mesh;
use tests::people::text;
use tests::rest::Rest;

mod calls; // over gRPC

/// Requests that are made. A few seconds' worth.
const COUNT: usize = 3_000;

/// JSON texts that stand where a value should.
const HOSTILE: [&str; 40] = [
    r#""""#,
    r#"" ""#,
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\ud800""#,
    r#""\udfff\ud800""#,
    r#""\ufeff""#,
    r#""\u202e""#,
    r#""\uffff""#,
    r#""'; DROP TABLE patients; --""#,
    r#""<script>alert(1)</script>""#,
    r#""${jndi:ldap://x}""#,
    r#""../../etc/passwd""#,
    r#""%00""#,
    "null",
    "true",
    "{}",
    "[]",
    "[[]]",
    "[null]",
    r#"{"a":{"a":{"a":{}}}}"#,
    "0",
    "-0",
    "-1",
    "0.1",
    "1e-400",
    "1e308",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "2147483648",
    "123456789012345678901234567890",
    r#""9999999-01-01""#,
    r#""2026-02-30""#,
    r#""2030-01-07T24:00:00Z""#,
    r#""2030-06-30T23:59:60Z""#,
    r#""0000-00-00T00:00:00+99:99""#,
    r#""1900-01-01T00:00""#,
    r#""2199-12-31T23:59:59.999999999Z""#,
];

/// Characters of addresses that mean something to somebody.
const ADDRESSES: [&str; 14] = [
    "%00",
    "%",
    "%zz",
    "%ff",
    "%2e%2e",
    "..%2f",
    "%c0%af",
    "%E2%80%AE",
    "+",
    "'",
    "%0d%0aset-cookie:%20a=b",
    "\u{1F600}",
    ";",
    "00000000-0000-0000-0000-000000000000",
];

const HEADERS: [(&str, &str); 12] = [
    ("if-match", "\"v0\""),
    ("if-match", "\"v99999999999999999999\""),
    ("if-match", "*, \"v1\""),
    ("if-match", "W/\"v1\""),
    ("idempotency-key", ""),
    ("idempotency-key", "a b c d e f"),
    ("idempotency-key", "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}"),
    ("hold-token", "'"),
    ("if-none-match", "\"v1\", *"),
    ("traceparent", "00-0-0-0"),
    ("x-forwarded-for", "::ffff:999.1.1.1"),
    ("accept", "text/csv;q=nan"),
];

/// Numbers that look random (SplitMix64): the same from the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// An operation: method, path, its entry.
type Operation = (Method, &'static str, &'static Value);

#[tokio::test]
async fn whatever_is_sent_nothing_fails_on_our_side() {
    let seed = uuid::Uuid::new_v4().as_u64_pair().0;
    println!("requests are made up from seed {seed}");
    let mut chance = Chance(seed);
    let mesh = Mesh::shared().await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let ids = [doctor.id.clone(), patient.id.clone(), text(&visit, "id"), uuid::Uuid::now_v7().to_string()];
    let callers: [&Rest; 4] = [&admin.rest, &staff.rest, &doctor.rest, &patient.rest];
    let operations = operations();
    for number in 0..COUNT {
        let (method, path, operation) = &operations[chance.below(operations.len())];
        let address = address(&mut chance, path, operation, &ids);
        let body = body(&mut chance, operation, &ids);
        let header = chance.one(&HEADERS);
        let headers = if chance.below(4) == 0 { vec![header] } else { vec![] };
        let caller = chance.one(&callers);
        let said =
            format!("seed {seed}, request {number}: {method} {address} {headers:?} {}", body.escape_ascii());
        let status = caller.status_of(method.clone(), &address, body, &headers).await;
        assert!((200..500).contains(&status), "{status} to {said}");
    }
}

/// All that do not end the session that asks.
fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(method, operation)| {
            (method.to_uppercase().parse().unwrap(), path.as_str(), operation)
        })
    });
    let is_safe = |path: &str| {
        !path.starts_with("/api/auth/") && !path.contains("revoke") && !path.starts_with("/api/users")
    };
    all.filter(|(_, path, _)| path.starts_with("/api/") && is_safe(path)).collect()
}

fn address(chance: &mut Chance, path: &str, operation: &Value, ids: &[String]) -> String {
    let mut parts = path.split(['{', '}']).enumerate();
    let mut address = parts.by_ref().fold(String::new(), |address, (index, part)| match index % 2 {
        0 => address + part,
        _ if chance.below(4) == 0 => address + chance.one(&ADDRESSES),
        _ => address + &ids[chance.below(ids.len())],
    });
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    for (index, parameter) in parameters.filter(|parameter| parameter["in"] == "query").enumerate() {
        let name = parameter["name"].as_str().unwrap();
        let example = parameter["schema"]["examples"][0].as_str().unwrap_or("1");
        let value = match chance.below(4) {
            0 => continue,
            1 => example.to_owned(),
            2 => chance.one(&ADDRESSES).to_owned(),
            _ => form(chance.one(&HOSTILE)),
        };
        address.extend([if index == 0 { "?" } else { "&" }, name, "=", &value]);
    }
    address
}

/// As it may stand in an address.
fn form(text: &str) -> String {
    let escaped = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02x}") }
    };
    text.bytes().map(escaped).collect::<Vec<_>>().concat()
}

/// The example of an operation with one member or the whole of it replaced, or spoiled as bytes.
fn body(chance: &mut Chance, operation: &Value, ids: &[String]) -> Vec<u8> {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if schema.is_null() {
        return Vec::new();
    }
    let mut text = example(schema, ids, 0).to_string();
    for _ in 0..=chance.below(2) {
        text = spoiled(chance, &text);
    }
    let mut bytes = text.into_bytes();
    if chance.below(10) == 0 {
        let at = chance.below(bytes.len());
        bytes[at] = chance.one(&[0, 0xff, b'"', b'{', b'\\', 0x80]);
    }
    bytes
}

/// One value of a JSON text replaced, doubled, or put deep inside others.
fn spoiled(chance: &mut Chance, text: &str) -> String {
    let values: Vec<usize> = text.match_indices(':').map(|(at, _)| at + 1).collect();
    let (false, hostile) = (values.is_empty(), chance.one(&HOSTILE)) else {
        return chance.one(&HOSTILE).to_owned();
    };
    let start = values[chance.below(values.len())];
    let rest = &text[start..];
    let end = start + rest.find([',', '}', ']']).unwrap_or(rest.len());
    let value = match chance.below(8) {
        0 => format!("{}1{}", "[".repeat(200), "]".repeat(200)),
        1 => format!("\"{}\"", "x".repeat(50_000)),
        2 => format!("{},\"surprise\":{hostile}", &text[start..end]),
        _ => hostile.to_owned(),
    };
    format!("{}{value}{}", &text[..start], &text[end..])
}

/// Something that fits a schema, with ids that there are.
fn example(schema: &Value, ids: &[String], depth: usize) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return example(DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(), ids, depth);
    }
    let given = schema.get("example").or_else(|| schema["examples"].get(0));
    let variants = ["oneOf", "anyOf", "allOf"].iter().find_map(|key| schema[*key].as_array()?.last());
    match (given, variants, schema["properties"].as_object()) {
        (Some(given), ..) => given.clone(),
        (_, Some(variant), _) => example(variant, ids, depth),
        (.., Some(members)) if depth < 4 => {
            let all = members.iter().map(|(name, schema)| {
                let id = ["doctor_id", "patient_id"].iter().position(|known| known == name);
                (name.clone(), id.map_or_else(|| example(schema, ids, depth + 1), |at| json!(ids[at])))
            });
            Value::Object(all.collect::<Map<_, _>>())
        }
        _ if schema["items"].is_object() => json!([example(&schema["items"], ids, depth + 1)]),
        _ => json!(schema["enum"][0].as_str().unwrap_or("2030-01-07T09:00:00Z")),
    }
}
