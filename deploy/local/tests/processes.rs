//! Child processes: that they end when they should, and that nobody else's do.
use local::process::{Launch, Process, stop_leftovers};
use nix::sys::signal::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A folder that is deleted at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("processes-{}", uuid::Uuid::new_v4()));
        fs::create_dir(&folder).expect("a folder below the temporary one");
        Self(folder)
    }

    /// Sleeps for long.
    fn sleeper(&self) -> Launch {
        Launch {
            name: "sleeper".to_owned(),
            program: "sleep".into(),
            args: vec!["1000".into()],
            env: Vec::new(),
            unset: &[],
            account: None,
            log: self.0.join("sleeper.log"),
            pid_file: self.0.join("sleeper.pid"),
            stop: Signal::SIGTERM,
            orphaned: Signal::SIGKILL,
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn a_dropped_process_ends() {
    let folder = Folder::new();
    let process = Process::spawn(&folder.sleeper()).unwrap();
    let exited = process.exited();
    drop(process);
    assert!(!exited.await.unwrap().success());
}

#[tokio::test]
async fn a_process_lives_on_when_the_thread_that_asked_for_it_ends() {
    let folder = Folder::new();
    let launch = folder.sleeper();
    let process = std::thread::spawn(move || Process::spawn(&launch).unwrap()).join().unwrap();
    let ended = tokio::time::timeout(Duration::from_millis(300), process.exited()).await;
    assert!(ended.is_err() && process.is_running());
}

#[tokio::test]
async fn what_is_left_over_is_found_by_its_pid_file() {
    let folder = Folder::new();
    let process = Process::spawn(&folder.sleeper()).unwrap();
    let stopped = stop_leftovers(&folder.0).unwrap();
    assert_eq!(stopped, ["sleeper"]);
    assert!(process.exited().await.is_some());
    assert!(!Path::new(&folder.sleeper().pid_file).exists());
}

#[tokio::test]
async fn a_process_that_has_the_id_of_an_earlier_one_is_left_alone() {
    let folder = Folder::new();
    let process = Process::spawn(&folder.sleeper()).unwrap();
    let pid_file = folder.sleeper().pid_file;
    let earlier = fs::read_to_string(&pid_file).unwrap().replace(r#""started":"#, r#""started":1"#);
    fs::write(&pid_file, earlier).unwrap();
    assert!(stop_leftovers(&folder.0).unwrap().is_empty());
    assert!(process.is_running());
}
