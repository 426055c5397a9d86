//! A certificate authority of one's own, and certificates of it for each process.
use crate::secrets::write_private;
use crate::service::Service;
use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};
use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Days for which browsers believe a certificate.
const LIFE: i64 = 397;

/// What clients on this machine call it.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

pub struct Authority {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    /// Of everybody who is to believe it, PEM.
    pub certificate: PathBuf,
}

/// A certificate and its key, PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Authority {
    /// The one that lives in `folder`; made first when there is none.
    pub fn at(folder: &Path) -> anyhow::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let (certificate, key) = (folder.join("ca.pem"), folder.join("ca.key"));
        let params = authority()?;
        if !(certificate.exists() && key.exists()) {
            let pair = KeyPair::generate()?;
            write_private(&key, &pair.serialize_pem())?;
            write_private(&certificate, &params.self_signed(&pair)?.pem())?;
        }
        let pair = KeyPair::from_pem(&fs::read_to_string(&key)?).context("the authority's key is damaged")?;
        Ok(Self { folder: folder.to_owned(), issuer: Issuer::new(params, pair), certificate })
    }

    /// A new certificate for a service, in place of the one that it had.
    pub fn issue(&self, service: Service) -> anyhow::Result<Issued> {
        self.issue_until(service, LIFE)
    }

    /// [`Self::issue`], which ends in so many days.
    pub fn issue_until(&self, service: Service, days: i64) -> anyhow::Result<Issued> {
        let mut params = CertificateParams::new(names(service))?;
        params.subject_alt_names.push(SanType::URI(format!("spiffe://healthcare/{service}").try_into()?));
        is_good(&mut params, days.min(0) - 2, days)?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(service.name(), params)
    }

    /// A new certificate for a server on this machine that is none of the mesh.
    pub fn issue_to_server(&self, name: &str) -> anyhow::Result<Issued> {
        let mut params = CertificateParams::new(LOOPBACK.map(str::to_owned))?;
        is_good(&mut params, -2, LIFE)?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.sign(name, params)
    }

    fn sign(&self, name: &str, mut params: CertificateParams) -> anyhow::Result<Issued> {
        params.distinguished_name.push(DnType::CommonName, name);
        let pair = KeyPair::generate()?;
        let issued = self.placed(name);
        write_private(&issued.key, &pair.serialize_pem())?;
        write_private(&issued.certificate, &params.signed_by(&pair, &self.issuer)?.pem())?;
        Ok(issued)
    }

    /// Where the certificate of a service is.
    pub fn place(&self, service: Service) -> Issued {
        self.placed(service.name())
    }

    fn placed(&self, name: &str) -> Issued {
        let of = |kind: &str| self.folder.join(format!("{name}.{kind}"));
        Issued { certificate: of("pem"), key: of("key") }
    }
}

fn authority() -> anyhow::Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "healthcare on this machine");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    is_good(&mut params, -2, 10 * 365)?;
    Ok(params)
}

/// What clients call it: services each other by name, people the gateway by its address.
fn names(service: Service) -> Vec<String> {
    let local = LOOPBACK.map(str::to_owned).into_iter().filter(|_| service == Service::Gateway);
    std::iter::once(service.to_string()).chain(local).collect()
}

/// From and until midnight, so many days from today.
fn is_good(params: &mut CertificateParams, from: i64, until: i64) -> anyhow::Result<()> {
    let now = jiff::Timestamp::try_from(SystemTime::now())?;
    let day = |days| {
        let date =
            (now + jiff::SignedDuration::from_hours(24 * days)).to_zoned(jiff::tz::TimeZone::UTC).date();
        anyhow::Ok(date_time_ymd(date.year().into(), date.month().try_into()?, date.day().try_into()?))
    };
    (params.not_before, params.not_after) = (day(from)?, day(until)?);
    Ok(())
}
