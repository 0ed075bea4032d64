//! What a process uses. Source: `/proc`, so Linux only.

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Seconds of CPU so far.
    pub cpu_seconds: f64,
    /// Resident memory in KiB.
    pub resident_kib: u64,
}

impl Usage {
    /// Of this process; `None` when there is none.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold blanks, so count from behind it; user and system time are in hundredths of a second.
        let fields: Vec<&str> = stat.rsplit(") ").next()?.split(' ').collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))?;
        let resident_kib = resident.trim().split(' ').next()?.parse().ok()?;
        Some(Self {
            cpu_seconds: ticks as f64 / 100.0,
            resident_kib,
        })
    }

    /// The most memory that the process has had since [`Usage::forget_peak`], in KiB.
    #[must_use]
    pub fn peak_kib(pid: u32) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().split(' ').next()?.parse().ok()
    }

    /// Begins to look for a new peak.
    ///
    /// # Errors
    /// When it is somebody else's process.
    pub fn forget_peak(pid: u32) -> std::io::Result<()> {
        std::fs::write(format!("/proc/{pid}/clear_refs"), "5")
    }

    /// Of this very process.
    #[must_use]
    pub fn own() -> Option<Self> {
        Self::of(std::process::id())
    }
}
