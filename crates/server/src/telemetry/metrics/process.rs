//! What the operating system knows of this process.

use metrics::{counter, gauge};
use procfs::process::{LimitValue, Process};
use procfs::{ProcResult, WithCurrentSystemInfo as _, boot_time_secs, ticks_per_second};

/// Shows what the process uses; what cannot be read stays as it was.
pub(super) fn look() {
    if let Err(error) = try_look() {
        tracing::debug!(error = &error as &dyn std::error::Error, "what the process uses is not shown");
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
fn try_look() -> ProcResult<()> {
    let process = Process::myself()?;
    let (stat, ticks) = (process.stat()?, ticks_per_second());
    counter!("process_cpu_seconds_total").absolute((stat.utime + stat.stime) / ticks);
    gauge!("process_resident_memory_bytes").set(stat.rss_bytes().get() as f64);
    gauge!("process_threads").set(stat.num_threads as f64);
    let since_boot = stat.starttime as f64 / ticks as f64;
    gauge!("process_start_time_seconds").set(boot_time_secs()? as f64 + since_boot);
    gauge!("process_open_fds").set(process.fd_count()? as f64);
    let most = match process.limits()?.max_open_files.soft_limit {
        LimitValue::Value(most) => most as f64,
        LimitValue::Unlimited => f64::INFINITY,
    };
    gauge!("process_max_fds").set(most);
    Ok(())
}
