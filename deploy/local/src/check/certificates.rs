//! Until when certificates are good.
use super::{Finding, mind, well, wrong};
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};
use x509_parser::pem::parse_x509_pem;

pub(super) fn look(folder: &Path) -> Vec<Finding> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> =
        entries.filter(|path| path.extension().is_some_and(|kind| kind == "pem")).collect();
    files.sort();
    let judged = files.iter().map(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        judge(&name, ends(&fs::read(file).unwrap_or_default()), now.cast_signed())
    });
    judged.collect()
}

/// The second in which it ends.
fn ends(pem: &[u8]) -> Option<i64> {
    let (_, pem) = parse_x509_pem(pem).ok()?;
    Some(pem.parse_x509().ok()?.validity().not_after.timestamp())
}

fn judge(name: &str, ends: Option<i64>, now: i64) -> Finding {
    let anew = "`cargo dev up --tls` makes new ones when it starts";
    let Some(ends) = ends else { return wrong(format!("the certificate of {name} cannot be read"), anew) };
    match (ends - now).div_euclid(24 * 60 * 60) {
        ..0 => wrong(format!("the certificate of {name} has ended"), anew),
        days @ 0..30 => mind(format!("the certificate of {name} ends in {days} days"), anew),
        days => well(format!("the certificate of {name} is good for {days} days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificates::Authority;
    use crate::check::Grade::{Mind, Well, Wrong};
    use crate::service::Service;

    #[test]
    fn a_certificate_is_told_before_it_ends() {
        let folder = std::env::temp_dir().join(format!("certificates-{}", uuid::Uuid::new_v4()));
        let authority = Authority::at(&folder).unwrap();
        authority.issue(Service::Auth).unwrap();
        authority.issue_until(Service::Doctor, 10).unwrap();
        authority.issue_until(Service::Patient, -1).unwrap();
        let found = look(&folder);
        fs::remove_dir_all(folder).unwrap();
        let named = |name: &str| found.iter().find(|finding| finding.what.contains(name)).unwrap().grade;
        assert_eq!(["auth-svc", "ca", "doctor-svc", "patient-svc"].map(named), [Well, Well, Mind, Wrong]);
        assert_eq!(judge("x", None, 0).grade, Wrong);
    }
}
