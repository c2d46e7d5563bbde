//! Schemathesis reads the OpenAPI document and tries to make the service contradict it.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{CHEAP, Folder, PASSWORD, Service, copy_script, finished_within, test_python};

/// Not among them: positive_data_acceptance. A password can have the right length and still be refused by
/// the policy, and no schema can know which tokens were sent by mail.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,response_headers_conformance,unsupported_method,allow_header_conformance,\
    negative_data_rejection,missing_required_header,ignored_auth,use_after_free,ensure_resource_availability";

/// What the fuzzer cannot succeed with: the tokens of the first two are in mails, which it cannot read; no mail and
/// no notice is given up meanwhile; and the rest needs a provider.
const UNREACHABLE: [&str; 9] = [
    "POST /auth/email/verify",
    "POST /auth/password/reset/confirm",
    "POST /auth/admin/mail/failed/{mail_id}/retry",
    "POST /auth/admin/alerts/notices/failed/{notice_id}/retry",
    "GET /auth/oauth/{provider}/authorize",
    "GET /auth/oauth/{provider}/callback",
    "POST /auth/me/identities/{provider}/authorize",
    "POST /auth/me/identities/{provider}/callback",
    "DELETE /auth/me/identities/{provider}",
];

#[tokio::test]
async fn a_fuzzer_finds_no_answer_that_the_openapi_document_does_not_promise() -> anyhow::Result<()> {
    let settings =
        ["rate_limits.enabled=false", "lockout.max_failures=1000", "sessions.max_concurrent_sessions=10000"];
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let arguments: Vec<&str> = CHEAP.iter().copied().chain(settings).collect();
    let service = Service::start(&arguments)?;
    // More than one, since the fuzzer may find out how to be rid of them.
    for number in 0..5 {
        let email = format!("root-{number}@example.com");
        let create = ["user", "create", "--email", &email, "--role", "admin", "--role", "user"];
        let create = [&create[..], &["--email-verified", "--password-stdin"]].concat();
        service.command_reading(&create, &format!("{PASSWORD}\n"))?.success()?;
    }
    let folder = Folder::new()?;
    let hooks = copy_script("schemathesis_hooks.py", folder.path())?;

    let mut schemathesis = Command::new(test_python()?.with_file_name("schemathesis"));
    schemathesis
        .current_dir(folder.path())
        .env("SCHEMATHESIS_HOOKS", hooks)
        .args(["run", &format!("{}/auth/openapi.json", service.base_url()), "--no-color"])
        .args(["--checks", CHECKS, "--max-examples", "50", "--continue-on-failure"])
        .args(["--generation-deterministic", "--request-timeout", "20", "--warnings", "off"]);
    let report = finished_within(&mut schemathesis, "", Duration::from_secs(110))?;

    let answers: Vec<(String, u64)> =
        service.process().lines().iter().filter_map(|line| answer(line)).collect();
    let broken: Vec<_> = answers.iter().filter(|(_, status)| *status >= 500).collect();
    assert!(broken.is_empty(), "{broken:?}\n{report}");
    // A fuzzer that is turned away everywhere finds nothing, either.
    let mut missing = operations(&service).await?;
    for (operation, _) in answers.iter().filter(|(_, status)| (200..300).contains(status)) {
        missing.remove(operation);
    }
    let unreachable = BTreeSet::from(UNREACHABLE.map(str::to_owned));
    assert_eq!(missing, unreachable, "never succeeded\n{report}");
    Ok(())
}

/// What a log line says was answered: the operation and the status.
fn answer(line: &str) -> Option<(String, u64)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let span = &line["span"];
    let operation = format!("{} {}", span["method"].as_str()?, span["route"].as_str()?);
    Some((operation, line["status"].as_u64()?))
}

/// Every operation of the document.
async fn operations(service: &Service) -> anyhow::Result<BTreeSet<String>> {
    let document = service.client().get("/auth/openapi.json").await?.json;
    let paths = document["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, _)| format!("{} {path}", method.to_uppercase()))
    });
    Ok(operations.collect())
}
