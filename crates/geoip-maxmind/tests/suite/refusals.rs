//! Files that cannot be used: each is named, and the words say what to do.

use std::path::PathBuf;

use archon_geoip_maxmind::{GeoFiles, MaxMindLocator};

use crate::files::{Folder, asn, city};

fn refusal(files: GeoFiles, path: &PathBuf) -> String {
    let error = MaxMindLocator::open(files).unwrap_err();
    assert_eq!(&error.path, path);
    let words = error.to_string();
    let beginning = format!("the GeoIP database {} cannot be used: ", path.display());
    words.strip_prefix(&beginning).unwrap_or_else(|| panic!("{words}")).to_owned()
}

fn refusal_of_city(path: PathBuf) -> String {
    refusal(GeoFiles { city: Some(path.clone()), asn: None }, &path)
}

#[test]
fn what_is_not_there_cannot_be_read() {
    let words = refusal_of_city(Folder::new().path("missing.mmdb"));
    assert!(words.starts_with("it cannot be read: No such file"), "{words}");
    assert!(words.ends_with("; check its path, and that the service may read it"), "{words}");
}

#[test]
fn a_folder_is_no_database() {
    let folder = Folder::new();
    assert_eq!(refusal_of_city(folder.path("")), "it is no regular file; name the file that ends in .mmdb");
}

#[test]
fn other_formats_and_files_cut_short_are_refused() {
    let folder = Folder::new();
    let whole = city();
    for (name, bytes) in [
        ("empty.mmdb", &[][..]),
        ("GeoLite2-City.tar.gz", &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0][..]),
        ("half.mmdb", &whole[..whole.len() / 2]),
        ("without-its-beginning.mmdb", &whole[whole.len() / 2..]),
    ] {
        let words = refusal_of_city(folder.write(name, bytes));
        assert!(words.starts_with("invalid database"), "{name}: {words}");
        assert!(
            words.ends_with("; unpack it if it is an archive, and download it anew if it is not"),
            "{words}"
        );
    }
}

#[test]
fn files_in_each_others_place_are_refused() {
    let folder = Folder::new();
    let (city, asn) = (folder.write("a.mmdb", city()), folder.write("b.mmdb", asn()));
    assert_eq!(
        refusal_of_city(asn),
        "it is a database of the kind \"GeoLite2-ASN\", and one of the kind City, Enterprise or Country is needed \
         in its place"
    );
    assert_eq!(
        refusal(GeoFiles { city: None, asn: Some(city.clone()) }, &city),
        "it is a database of the kind \"GeoLite2-City\", and one of the kind ASN or ISP is needed in its place"
    );
}
