//! Who may depend on whom: the arrows of docs/ARCHITECTURE.md, held against the crates' manifests.
//!
//! Crates that are not ours are held apart by deny.toml.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What a crate of ours may depend on among ours: in its code, and in its tests besides.
struct Arrows {
    from: &'static str,
    code: &'static [&'static str],
    tests: &'static [&'static str],
}

/// An adapter knows the domain; its tests know the contract.
const fn adapter(from: &'static str) -> Arrows {
    Arrows { from, code: &["domain"], tests: &["contract"] }
}

const ALLOWED: &[Arrows] = &[
    Arrows { from: "domain", code: &[], tests: &[] },
    Arrows { from: "app", code: &["domain"], tests: &["contract", "store-memory"] },
    Arrows { from: "contract", code: &["domain"], tests: &[] },
    Arrows { from: "web", code: &["app", "domain"], tests: &["store-memory"] },
    adapter("store-memory"),
    adapter("store-sql"),
    // The reference is in memory: the counters in Redis are held against it.
    Arrows { from: "store-redis", code: &["domain"], tests: &["contract", "store-memory"] },
    adapter("password-argon2"),
    adapter("token-jose"),
    adapter("mail-lettre"),
    adapter("alerts-webhook"),
    adapter("breached-passwords"),
    adapter("oauth-oidc"),
    adapter("geoip-maxmind"),
    Arrows {
        from: "server",
        code: &[
            "alerts-webhook",
            "app",
            "breached-passwords",
            "domain",
            "geoip-maxmind",
            "mail-lettre",
            "oauth-oidc",
            "password-argon2",
            "store-memory",
            "store-redis",
            "store-sql",
            "token-jose",
            "web",
        ],
        tests: &["contract", "testkit"],
    },
    Arrows { from: "testkit", code: &["domain", "mail-lettre", "server"], tests: &[] },
    Arrows { from: "example-integration-suite", code: &[], tests: &["testkit"] },
    Arrows {
        from: "example-storage-adapter",
        code: &["domain", "server"],
        tests: &["contract", "store-memory", "testkit"],
    },
];

const PREFIX: &str = "archon-";

/// Our crates, by their name without the prefix.
fn workspace() -> Result<BTreeMap<String, Package>, cargo_metadata::Error> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    // Manifests only: nothing is resolved, so nothing is fetched.
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()?;
    let short = |package: &Package| package.name.strip_prefix(PREFIX).unwrap_or(&package.name).to_owned();
    Ok(metadata.packages.into_iter().map(|package| (short(&package), package)).collect())
}

/// The arrows from a crate that are not allowed, as sentences.
fn wrong_arrows(package: &Package, arrows: &Arrows) -> Vec<String> {
    let mut wrong = Vec::new();
    for dependency in &package.dependencies {
        let Some(to) = dependency.name.strip_prefix(PREFIX) else { continue };
        let in_tests = dependency.kind == DependencyKind::Development;
        let allowed = arrows.code.contains(&to) || (in_tests && arrows.tests.contains(&to));
        if !allowed {
            let place = if in_tests { "tests" } else { "code" };
            wrong.push(format!("the {place} of {} must not depend on {}", package.name, dependency.name));
        }
    }
    wrong
}

#[test]
fn no_crate_depends_on_what_it_must_not_know() {
    let workspace = workspace().unwrap();
    let known: BTreeSet<&str> = ALLOWED.iter().map(|arrows| arrows.from).collect();
    let found: BTreeSet<&str> = workspace.keys().map(String::as_str).collect();
    assert_eq!(found, known, "a crate came or went: say in this file what it may depend on");

    let wrong: Vec<String> =
        ALLOWED.iter().flat_map(|arrows| wrong_arrows(&workspace[arrows.from], arrows)).collect();
    assert!(wrong.is_empty(), "wrong arrows (see docs/ARCHITECTURE.md):\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_arrow_is_named() {
    let only_domain = Arrows { from: "web", code: &["domain"], tests: &["store-memory"] };
    assert_eq!(
        wrong_arrows(&workspace().unwrap()["web"], &only_domain),
        ["the code of archon-web must not depend on archon-app"]
    );
}

#[test]
fn the_domain_knows_no_technology() {
    let banned = [
        "tokio",
        "actix-web",
        "diesel",
        "redis",
        "reqwest",
        "lettre",
        "josekit",
        "getrandom",
        "rand",
        "config",
    ];
    let domain = &workspace().unwrap()["domain"];
    let code = domain.dependencies.iter().filter(|dependency| dependency.kind != DependencyKind::Development);
    let wrong: Vec<&str> =
        code.map(|dependency| dependency.name.as_str()).filter(|name| banned.contains(name)).collect();
    assert!(wrong.is_empty(), "archon-domain must not depend on {wrong:?}");
}
