//! Every replica of everything is exchanged for one of another release while people work, and back. `cargo dev upgrade`
//! begins with the programs of an earlier one; elsewhere both are the same.
use crate::journal::{Journal, told};
use crate::{TURN, checks, load};
use local::places::binaries;
use local::service::Service;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tests::mesh::Mesh;
use tokio::time::{Instant, sleep};

const DESKS: u64 = 6;
/// Between one replica and the next.
const PAUSE: Duration = Duration::from_millis(500);

/// What a mesh is started from: links to programs.
struct Release(PathBuf);

impl Release {
    /// Those of a folder.
    fn of(programs: &Path) -> Self {
        let name = format!("release-{}", uuid::Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let release = Self(folder);
        for service in Service::ALL {
            release.becomes(service, programs);
        }
        release
    }

    /// What starts from now on of a service is that of a folder.
    fn becomes(&self, service: Service, programs: &Path) {
        let (link, next) = (self.0.join(service.name()), self.0.join("next"));
        symlink(programs.join(service.name()), &next).unwrap();
        fs::rename(next, link).unwrap();
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn everything_is_exchanged_for_another_release_and_back_and_no_request_fails() {
    let _turn = TURN.lock().await;
    let new = binaries().unwrap();
    let old = local::config::old_programs().unwrap_or_else(|| new.clone());
    let release = Release::of(&old);
    let mesh = Mesh::with_own_stores(|options| {
        options.replicas = 2;
        options.programs = Some(release.0.clone());
    })
    .await;
    let admin = mesh.admin().await;
    let desks = load::desks(&admin, DESKS).await;
    let (journal, is_over) = (Journal::default(), AtomicBool::new(false));
    let started = Instant::now();
    let exchanges = async {
        // Whoever finds that the new ones are not good goes back to the old ones, in the database of the new.
        for programs in [&new, &old, &new] {
            for service in Service::ALL {
                release.becomes(service, programs);
                for place in 0..mesh.processes.of(service).len() {
                    mesh.exchange(service, place, &admin.rest).await;
                    sleep(PAUSE).await;
                }
            }
        }
        is_over.store(true, Relaxed);
    };
    let (visits, ()) = tokio::join!(load::work(desks, &journal, &is_over), exchanges);
    let wrong = journal.wrong_since(started);
    println!("{} visits, {} requests in {:?}", visits.len(), journal.len(), started.elapsed());
    assert!(wrong.is_empty(), "{} of {}: {}", wrong.len(), journal.len(), told(&wrong));
    checks::all_is_well(&mesh, &visits).await;
}
