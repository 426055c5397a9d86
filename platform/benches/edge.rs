//! What every request passes: its access token, and the token of its page. Run by `cargo dev bench --micro`.
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use futures::FutureExt as _;
use jiff::Timestamp;
use jsonwebtoken::EncodingKey;
use platform::caller::{Role, User};
use platform::clock::Clock;
use platform::page::PageTokens;
use platform::secrets::RootSecret;
use platform::token::{Claims, Verifier, sign};
use proto::access::Scopes;
use proto::ids::{SessionId, UserId};
use std::hint::black_box;
use std::time::Duration;

const KEY_ID: &str = "2030-01";
/// PKCS#8 of an Ed25519 key (RFC 8410) without its 32 bytes.
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
const SEED: [u8; 32] = [7; 32];

fn root() -> RootSecret {
    RootSecret::new(&"kq3v9Xw1Zt7Rb5Ny2Lm8Pc4Hd6Jf0Gs!".to_owned().into()).expect("it is long enough")
}

/// One that has not seen any token.
fn verifier() -> Verifier {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let verifier = Verifier::new("bench", &root(), None, Clock::system());
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).expect("a seed has 32 bytes");
    verifier.set_keys([(KEY_ID, BASE64_URL_SAFE_NO_PAD.encode(pair.public_key()).as_str())]);
    verifier
}

fn token() -> String {
    let user = User {
        id: UserId::random(),
        session_id: SessionId::random(),
        role: Role::Staff,
        scopes: Scopes::ALL,
        acting: false,
    };
    let claims = Claims::of(user, Clock::system().now(), 900);
    sign(&EncodingKey::from_ed_der(&[PKCS8.as_slice(), &SEED].concat()), KEY_ID, &claims).expect("a key")
}

fn check(verifier: &Verifier, token: &str) {
    // It has all keys it will ever have, and asks nobody.
    black_box(verifier.verify(token).now_or_never()).expect("it does not wait").expect("it is genuine");
}

fn tokens(criterion: &mut Criterion) {
    let token = token();
    criterion.bench_function("access token, seen for the first time", |bencher| {
        bencher.iter_batched(verifier, |verifier| check(&verifier, &token), BatchSize::SmallInput);
    });
    let known = verifier();
    criterion.bench_function("access token, seen before", |bencher| bencher.iter(|| check(&known, &token)));
}

fn pages(criterion: &mut Criterion) {
    let tokens = PageTokens::new(&root());
    let last = (Clock::system().now(), UserId::random());
    criterion.bench_function("page token, sealed", |bencher| {
        bencher.iter(|| tokens.seal("appointments", black_box(&last)));
    });
    let sealed = tokens.seal("appointments", &last);
    criterion.bench_function("page token, opened", |bencher| {
        bencher.iter(|| tokens.open::<(Timestamp, UserId)>("appointments", black_box(&sealed)));
    });
}

criterion_group! {
    name = edge;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
    targets = tokens, pages
}
criterion_main!(edge);
