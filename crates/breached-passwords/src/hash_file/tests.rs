use std::collections::HashSet;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

/// A folder with one file.
struct Place(tempfile::TempDir);

impl Place {
    fn holding(content: impl AsRef<[u8]>) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.path(), content).unwrap();
        place
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("pwned.txt")
    }

    fn open(&self) -> HashFile {
        HashFile::open(self.path()).unwrap()
    }
}

/// Passwords `0`, `1` and so on, whose hashes are spread evenly.
fn password(number: u32) -> Password {
    Password::new(&number.to_string())
}

/// How a list is written.
#[derive(Debug, Clone)]
struct Style {
    counts: Option<u64>,
    lower_case: bool,
    end: &'static str,
    ends_last_line: bool,
}

impl Style {
    fn write(&self, passwords: impl IntoIterator<Item = u32>) -> String {
        let mut lines: Vec<String> =
            passwords.into_iter().map(|number| Digest::of(&password(number)).whole().to_owned()).collect();
        lines.sort();
        for (index, line) in lines.iter_mut().enumerate() {
            if self.lower_case {
                line.make_ascii_lowercase();
            }
            if let Some(most) = self.counts {
                *line += &format!(":{}", 1 + most.rotate_left(u32::try_from(index).unwrap() % 64) / 2);
            }
        }
        let mut text = lines.join(self.end);
        if self.ends_last_line {
            text += self.end;
        }
        text
    }
}

const PLAIN: Style = Style { counts: None, lower_case: false, end: "\n", ends_last_line: true };

fn styles() -> impl Strategy<Value = Style> {
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    (proptest::option::of(any::<u64>()), any::<bool>(), end, any::<bool>()).prop_map(
        |(counts, lower_case, end, ends_last_line)| Style { counts, lower_case, end, ends_last_line },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_file_knows_what_is_in_it_and_nothing_else(
        listed in proptest::collection::hash_set(0..600_u32, 1..400),
        style in styles(),
    ) {
        let file = Place::holding(style.write(listed.iter().copied())).open();
        for number in 0..600 {
            let digest = Digest::of(&password(number));
            prop_assert_eq!(file.file.contains(&digest).unwrap(), listed.contains(&number), "{}", number);
        }
    }

    #[test]
    fn no_content_makes_it_panic(content in proptest::collection::vec(any::<u8>(), 0..9000)) {
        let place = Place::holding(&content);
        prop_assert!(HashFile::open(place.path()).is_err());
        let file = SortedFile::open(&place.path()).unwrap();
        if !content.is_empty() {
            prop_assert!(file.contains(&Digest::of(&password(1))).is_err());
        }
    }
}

#[tokio::test]
async fn a_file_larger_than_its_samples_is_searched_to_its_ends() {
    let listed: HashSet<u32> = (0..60_000).filter(|number| number % 2 == 0).collect();
    let text = Style { counts: Some(u64::MAX), end: "\r\n", ..PLAIN }.write(listed.iter().copied());
    let place = Place::holding(&text);
    let file = place.open();
    let lines: Vec<&str> = text.lines().collect();
    let hash = |number| Digest::of(&password(number)).whole().to_owned();
    for number in 0..2_000 {
        assert_eq!(file.contains(&password(number)).await.unwrap(), listed.contains(&number), "{number}");
    }
    for edge in [lines[0], lines[lines.len() - 1]] {
        let number = listed.iter().find(|number| edge.starts_with(&hash(**number))).unwrap();
        assert!(file.contains(&password(*number)).await.unwrap(), "{edge}");
    }
}

#[tokio::test]
async fn a_count_of_nothing_is_padding() {
    let hash = Digest::of(&password(1)).whole().to_owned();
    assert!(!Place::holding(format!("{hash}:0\n")).open().contains(&password(1)).await.unwrap());
    assert!(Place::holding(format!("{hash}:1\n")).open().contains(&password(1)).await.unwrap());
}

/// What is said about a file with this content.
fn refusal(content: impl AsRef<[u8]>) -> String {
    let place = Place::holding(content);
    let error = HashFile::open(place.path()).unwrap_err().to_string();
    error.replace(&place.path().display().to_string(), "PATH")
}

const NO_HASH: &str = "there is no SHA-1 hash at byte AT: each line is to have 40 hexadecimal digits, and after \
                       them nothing or a colon and a count; unpack an archive, and do not take the list of NTLM \
                       hashes";

const NOT_SORTED: &str = "it is not sorted by hash: the line at byte AT belongs before the ones above it; take \
                          the list that is ordered by hash, or sort it with LC_ALL=C sort";

fn refused(fault: &str, at: usize) -> String {
    let fault = fault.replace("AT", &at.to_string());
    format!("the file of breached passwords, PATH, cannot be used: {fault}")
}

#[test]
fn a_file_that_is_no_sorted_list_of_hashes_is_refused() {
    assert_eq!(
        refusal(""),
        "the file of breached passwords, PATH, cannot be used: it is empty; download it anew"
    );
    let good = PLAIN.write(0..3000);
    assert_eq!(refusal("\n"), refused(NO_HASH, 0));
    assert_eq!(refusal("32ED87BDB5FDC5E9CBA88547376818D4:24230577\n"), refused(NO_HASH, 0), "NTLM");
    assert_eq!(refusal(format!("\u{feff}{good}")), refused(NO_HASH, 0), "a byte order mark");
    assert_eq!(refusal([0x1f, 0x8b].repeat(5000)), refused(NO_HASH, 0), "an archive");
    assert_eq!(refusal("A".repeat(10_000)), refused(NO_HASH, 0));
    let half_a_line = &good[..good.len() - 11];
    assert_eq!(refusal(half_a_line), refused(NO_HASH, 2999 * 41));
    assert_eq!(refusal(format!("{good}\n")), refused(NO_HASH, good.len()));

    let mut swapped: Vec<&str> = good.lines().collect();
    swapped.swap(1500, 1501);
    assert_eq!(refusal(swapped.join("\n")), refused(NOT_SORTED, 1501 * 41));
    let mut late = good.clone();
    late.extend(good.lines().take(1));
    assert_eq!(refusal(late), refused(NOT_SORTED, good.len()));
}

#[test]
fn a_large_file_is_refused_for_a_sample() {
    let good = PLAIN.write(0..60_000);
    let by_count = good.lines().rev().collect::<Vec<_>>().join("\n");
    assert_eq!(refusal(by_count), refused(NOT_SORTED, 41));
    let turned = format!("{}{}", &good[41 * 30_000..], &good[..41 * 30_000]);
    assert!(refusal(turned).contains("it is not sorted by hash"));
    let torn = format!("{good}{}", "A".repeat(10_000));
    assert!(refusal(torn).contains("there is no SHA-1 hash"));
}

#[test]
fn what_is_no_file_is_refused() {
    let place = Place::holding("");
    let refusal = |path: &Path| HashFile::open(path).unwrap_err().to_string();
    let none = place.0.path().join("none.txt");
    assert_eq!(
        refusal(&none),
        format!(
            "the file of breached passwords, {}, cannot be used: it cannot be read: No such file or directory \
             (os error 2)",
            none.display()
        )
    );
    for path in [place.0.path(), Path::new("/dev/zero")] {
        assert_eq!(
            refusal(path),
            format!(
                "the file of breached passwords, {}, cannot be used: it is no regular file; where the hashes \
                 are one file for each beginning, have them downloaded as a single file",
                path.display()
            )
        );
    }
}

#[test]
fn a_pipe_is_refused_without_waiting_for_its_writer() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(HashFile::open(&pipe).unwrap_err().to_string().contains("it is no regular file"));
}

#[tokio::test]
async fn a_file_that_is_renamed_into_its_place_counts_from_the_next_start() {
    let place = Place::holding(PLAIN.write(0..1000));
    let file = place.open();
    let next = place.0.path().join("next.txt");
    fs::write(&next, PLAIN.write(1000..2000)).unwrap();
    fs::rename(&next, place.path()).unwrap();
    assert!(file.contains(&password(1)).await.unwrap());
    assert!(!file.contains(&password(1001)).await.unwrap());
    assert!(place.open().contains(&password(1001)).await.unwrap());
}

#[tokio::test]
async fn a_file_that_is_overwritten_is_an_error_that_tells_no_hash() {
    let place = Place::holding(PLAIN.write(0..1000));
    let file = place.open();
    let error = |fault: &str| format!("the file of breached passwords, {}: {fault}", place.path().display());
    fs::write(place.path(), "").unwrap();
    assert_eq!(
        file.contains(&password(1)).await.unwrap_err().to_string(),
        error(
            "it has become shorter since it was opened; restart the service, and put the next one in its place \
             by renaming it"
        )
    );
    fs::write(place.path(), "secret".repeat(41_000)).unwrap();
    let said = file.contains(&password(1)).await.unwrap_err().to_string();
    assert_eq!(said, error(&NO_HASH.replace("AT", &(1000 * 41 / 2).to_string())));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_holds_nobody_up_for_more_than_a_second() {
    let place = Place::holding(PLAIN.write(0..10));
    let file = place.open();
    let hanging =
        Arc::clone(&file.readers).acquire_many_owned(u32::try_from(READERS).unwrap()).await.unwrap();
    let begun = tokio::time::Instant::now();
    let said = file.contains(&password(1)).await.unwrap_err().to_string();
    assert_eq!(begun.elapsed(), Duration::from_secs(1));
    assert_eq!(
        said,
        format!("the file of breached passwords, {}: no answer within 1s", place.path().display())
    );
    drop(hanging);
    assert!(file.contains(&password(1)).await.unwrap());
}

#[tokio::test]
async fn a_caller_that_has_gone_away_gives_its_thread_back_when_it_is_done() {
    let file = Place::holding(PLAIN.write(0..1000)).open();
    for number in 0..100 {
        let password = password(number);
        let mut gone = Box::pin(file.contains(&password));
        let _ = futures::poll!(gone.as_mut());
    }
    let all = u32::try_from(READERS).unwrap();
    let _idle = file.readers.acquire_many(all).await.unwrap();
    assert_eq!(file.readers.available_permits(), 0);
}
