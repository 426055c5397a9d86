//! What processes take: processor time and memory.
use anyhow::Context as _;
use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Linux tells of processor time in hundredths of a second (USER_HZ, on every architecture that we run on).
const TICK: Duration = Duration::from_millis(10);

/// The processor time of programs by name, up to now.
#[derive(Clone, Default)]
pub(crate) struct Cpu(BTreeMap<String, Duration>);

/// What `/proc/PID/stat` tells.
struct Stat {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    ended: u64,
}

impl Cpu {
    /// Of programs by the processes that they run as, each with its children.
    pub(crate) fn of(programs: &[(String, Vec<u32>)]) -> anyhow::Result<Self> {
        let mut all = BTreeMap::new();
        for entry in fs::read_dir("/proc")? {
            let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process may have ended by now.
            if let Ok(stat) = Stat::of(pid) {
                all.insert(pid, stat);
            }
        }
        let ticks = |pids: &[u32]| -> u64 {
            let own = pids.iter().filter_map(|pid| all.get(pid)).map(|stat| stat.own + stat.ended);
            let children = all.values().filter(|stat| pids.contains(&stat.parent)).map(|stat| stat.own);
            own.chain(children).sum()
        };
        let times = programs
            .iter()
            .map(|(name, pids)| (name.clone(), TICK * u32::try_from(ticks(pids)).unwrap_or(u32::MAX)));
        Ok(Self(times.collect()))
    }

    /// What was taken since `before` for each of `requests`.
    pub(crate) fn each_since(&self, before: &Self, requests: u64) -> BTreeMap<String, Duration> {
        let each = |(name, now): (&String, &Duration)| {
            let taken = now.saturating_sub(before.0.get(name).copied().unwrap_or_default());
            (name.clone(), taken.div_f64(requests.max(1) as f64))
        };
        self.0.iter().map(each).collect()
    }
}

impl Stat {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name, in brackets, may have spaces and brackets in it.
        let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |at: usize| fields.get(at).context("`stat` is too short");
        let sum = |from: usize| anyhow::Ok(field(from)?.parse::<u64>()? + field(from + 1)?.parse::<u64>()?);
        Ok(Self { parent: field(1)?.parse()?, own: sum(11)?, ended: sum(13)? })
    }
}

/// The process that started `pid`.
pub(crate) fn parent(pid: u32) -> anyhow::Result<u32> {
    Ok(Stat::of(pid)?.parent)
}

/// MiB that a process has in memory.
pub(crate) fn resident_mib(pid: u32) -> anyhow::Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
