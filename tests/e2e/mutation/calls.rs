//! The same over gRPC: messages made up from the contract, as internal programs could send them.
use super::{Chance, HOSTILE};
use crate::methods::{of_service, serving};
use local::service::Service;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, Value};
use std::collections::HashMap;
use tests::clinic::at;
use tests::grpc::by;
use tests::mesh::Mesh;
use tests::people::text;
use tonic::client::Grpc;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;
use tonic_types::StatusExt as _;

/// Calls that are made. A few seconds' worth.
const COUNT: usize = 2_000;

/// Longest message that services read.
const MAX_BYTES: usize = 1024 * 1024;

/// Texts that some field takes.
const FITTING: [&str; 14] = [
    "2030-01-07",
    "2030-01-07T09:00",
    "09:00",
    "17:30:00",
    "Europe/Berlin",
    "FREQ=WEEKLY;COUNT=3",
    "ada@example.com",
    "+49 30 123456",
    "de-AT",
    "EUR",
    "en",
    "Ada Lovelace",
    "because it is so",
    "correct horse battery staple",
];

const METADATA: [(&str, &str); 8] = [
    ("traceparent", "00-0-0-0"),
    ("x-request-id", "a b"),
    ("x-client-address", "nowhere"),
    ("grpc-timeout", "9H"),
    ("through-authorization", "Bearer x"),
    ("through-authorization", ""),
    ("idempotency-key", "8f3e2c1a"),
    ("hold-token", "'"),
];

/// Methods that end sessions, those that ask among them, or never end themselves.
fn is_left_out(path: &str) -> bool {
    ["Revoke", "Logout", "ChangePassword", "UpdateUser", "Watch", "RemoveTotp"]
        .iter()
        .any(|word| path.contains(word))
}

#[tokio::test]
async fn whatever_a_program_asks_it_is_answered_or_told_what_is_wrong() {
    let seed = uuid::Uuid::new_v4().as_u64_pair().0;
    println!("calls are made up from seed {seed}");
    let mut chance = Chance(seed);
    // Of its own: what is well-formed is carried out, for the whole clinic too.
    let mesh = Mesh::start(|_| {}).await;
    let admin = mesh.admin().await;
    let (doctor, patient, staff) = (admin.doctor().await, admin.patient().await, admin.staff().await);
    let visit = patient.books(&doctor, at(3, 9, 0)).await.created();
    let ids =
        vec![doctor.id.clone(), patient.id.clone(), text(&visit, "id"), uuid::Uuid::now_v7().to_string()];
    let people = [
        ("admin", &admin.rest),
        ("doctor", &doctor.rest),
        ("patient", &patient.rest),
        ("staff", &staff.rest),
    ];
    let mut channels: HashMap<&str, Channel> = HashMap::new();
    for service in Service::GRPC {
        channels.insert(service.name(), mesh.channel(service).await);
    }
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    let methods: Vec<_> = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect();
    let mut wrong = Vec::new();
    for number in 0..COUNT {
        let method = &methods[chance.below(methods.len())];
        let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
        if is_left_out(&path) {
            continue;
        }
        let (service, (_, access)) = (serving(&path), proto::access::of(&path).unwrap());
        let person = people.iter().filter(|(role, _)| access.roles.contains(role)).collect::<Vec<_>>();
        let token = if person.is_empty() {
            access.services.first().map(|name| of_service(&mesh, name, service.name()))
        } else {
            person[chance.below(person.len())].1.token().map(str::to_owned)
        };
        let names = names(&method.input(), 0);
        let mut maker = Maker { chance: &mut chance, ids: &ids, names: &names };
        let message = maker.message(&method.input(), 0);
        if message.encoded_len() > MAX_BYTES {
            continue;
        }
        let mut request =
            token.map_or_else(|| Request::new(message.clone()), |token| by(&token, message.clone()));
        if chance.below(4) == 0 {
            let (name, value) = chance.one(&METADATA);
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        if let Err(status) = call(&channels[service.name()], &path, request).await
            && !is_in_order(&status, &names)
        {
            let shown: String = shown(&message).chars().take(2_000).collect();
            wrong.push(format!("call {number}: {status:?} to {path} {shown}"));
        }
    }
    assert!(wrong.is_empty(), "seed {seed}, {} of {COUNT}:\n{}", wrong.len(), wrong.join("\n"));
}

/// Whether a refusal is the caller's to mend, and says by a reason or by fields that there are what is wrong.
fn is_in_order(status: &Status, names: &[String]) -> bool {
    let ours = [Code::Internal, Code::Unknown, Code::Unavailable, Code::DataLoss, Code::Unimplemented];
    let details = status.get_error_details();
    let fields = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    let is_known = |field: &str| {
        let last = field.rsplit('.').next().and_then(|last| last.split('[').next());
        names.iter().any(|name| Some(name.as_str()) == last)
    };
    !ours.contains(&status.code())
        && (details.error_info().is_some() || !fields.is_empty())
        && fields.iter().all(|violation| is_known(&violation.field))
}

/// A message without what the contract says of it.
fn shown(message: &DynamicMessage) -> String {
    let value = |value: &Value| match value {
        Value::Message(message) => shown(message),
        other => format!("{other:?}"),
    };
    let fields: Vec<_> =
        message.fields().map(|(field, told)| format!("{}: {}", field.name(), value(told))).collect();
    format!("{{{}}}", fields.join(", "))
}

async fn call(channel: &Channel, path: &str, request: Request<DynamicMessage>) -> Result<(), Status> {
    let mut client = Grpc::new(channel.clone());
    client.ready().await.expect("the service answers");
    client
        .unary(request, path.parse().unwrap(), ProstCodec::<DynamicMessage, ()>::default())
        .await
        .map(|_| ())
}

/// Names of the fields of a message and of those within, which is what masks name.
fn names(message: &MessageDescriptor, depth: usize) -> Vec<String> {
    let within = |field: FieldDescriptor| match field.kind() {
        Kind::Message(message) if depth < 3 => {
            [vec![field.name().to_owned()], names(&message, depth + 1)].concat()
        }
        _ => vec![field.name().to_owned()],
    };
    message.fields().flat_map(within).collect()
}

/// Makes messages up.
struct Maker<'m> {
    chance: &'m mut Chance,
    ids: &'m [String],
    names: &'m [String],
}

impl Maker<'_> {
    fn message(&mut self, descriptor: &MessageDescriptor, depth: usize) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            if field.is_map() || self.chance.below(4) == 0 {
                continue;
            }
            let value = if field.is_list() {
                let count = if self.chance.below(20) == 0 { 300 } else { self.chance.below(3) };
                Value::List((0..count).filter_map(|_| self.value(&field, depth)).collect())
            } else {
                let Some(value) = self.value(&field, depth) else { continue };
                value
            };
            message.set_field(&field, value);
        }
        message
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize) -> Option<Value> {
        Some(match field.kind() {
            Kind::Message(message) if depth < 4 => Value::Message(match message.full_name() {
                "google.protobuf.Timestamp" => self.instant(&message),
                _ => self.message(&message, depth + 1),
            }),
            Kind::Message(_) => return None,
            Kind::Enum(_) => Value::EnumNumber(self.chance.one(&[0, 1, 2, 3, 4, 5, 6, 7, -1, 99, i32::MAX])),
            Kind::Bool => Value::Bool(self.chance.below(2) == 0),
            Kind::Int32 | Kind::Sint32 => {
                Value::I32(self.chance.one(&[0, 1, 2, 15, 30, 60, 200, -1, i32::MAX, i32::MIN]))
            }
            Kind::Int64 | Kind::Sint64 => Value::I64(self.chance.one(&[0, 1, 2, 30, -1, i64::MAX, i64::MIN])),
            Kind::Uint32 => Value::U32(self.chance.one(&[0, 1, u32::MAX])),
            Kind::Uint64 => Value::U64(self.chance.one(&[0, 1, u64::MAX])),
            Kind::Bytes => Value::Bytes(vec![0xff; self.chance.below(100)].into()),
            Kind::String => Value::String(self.text(field.name())),
            other => panic!("{other:?} has become part of the contract"),
        })
    }

    fn instant(&mut self, descriptor: &MessageDescriptor) -> DynamicMessage {
        let soon = at(i64::try_from(self.chance.below(9)).unwrap(), 9, 0).as_second();
        let mut message = DynamicMessage::new(descriptor.clone());
        let seconds =
            self.chance.one(&[soon, soon, soon, soon + 1800, 0, -1, 7_258_118_400, i64::MAX, i64::MIN]);
        message.set_field_by_name("seconds", Value::I64(seconds));
        let nanos = self.chance.one(&[0, 0, 0, 1, 999_999_999, -1, i32::MAX, i32::MIN]);
        message.set_field_by_name("nanos", Value::I32(nanos));
        message
    }

    fn text(&mut self, name: &str) -> String {
        let is_id = name == "id" || name.ends_with("_id") || name.ends_with("_ids");
        match self.chance.below(10) {
            0..=6 if is_id => self.ids[self.chance.below(self.ids.len())].clone(),
            0..=7 if name == "paths" => self.names[self.chance.below(self.names.len())].clone(),
            0..=4 => self.chance.one(&FITTING).to_owned(),
            5 => "x".repeat(self.chance.below(30_000)),
            // What is no text in JSON is none here.
            _ => serde_json::from_str(self.chance.one(&HOSTILE)).unwrap_or_default(),
        }
    }
}
