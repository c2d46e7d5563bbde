//! That a file is not loaded, however large, in a process of its own.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use archon_breached_passwords::HashFile;
use archon_domain::Password;
use archon_domain::ports::BreachedPasswords as _;

/// The SHA-1 of `password`.
const BREACHED: &str = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";

/// The most memory in KiB that this process has ever held, as Linux tells it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A list of as many lines and one more, whose hashes are spread evenly.
fn write_list(path: &Path, lines: u32) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let mut breached = Some(BREACHED);
    for line in 0..lines {
        let hash = format!("{:08X}{line:032X}", line * (u32::MAX / lines));
        if let Some(next) = breached.take_if(|breached| **breached < *hash) {
            writeln!(file, "{next}:9659365").unwrap();
        }
        writeln!(file, "{hash}:1").unwrap();
    }
    file.flush().unwrap();
}

#[tokio::test]
async fn sixty_megabytes_are_searched_in_less_than_two() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pwned.txt");
    write_list(&path, 1_400_000);
    assert!(std::fs::metadata(&path).unwrap().len() > 60_000_000);
    let before = peak_kib();
    let file = HashFile::open(&path).unwrap();
    assert!(file.contains(&Password::new("password")).await.unwrap());
    for number in 0..1000 {
        assert!(!file.contains(&Password::new(&format!("SecurePass{number}!"))).await.unwrap());
    }
    let grown = peak_kib() - before;
    assert!(grown < 2 * 1024, "{grown} KiB more");
}
