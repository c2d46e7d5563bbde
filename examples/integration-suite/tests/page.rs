//! `docs/testing.md` shows this example as it is.

use std::fs;
use std::path::Path;

use anyhow::ensure;

#[test]
fn every_piece_of_code_on_the_page_is_run_or_built_somewhere() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/testing.md"))?;
    let sources =
        [("rust", "examples/integration-suite/tests/suite.rs"), ("yaml", "deploy/testkit/compose.yaml")];
    for (mark, file) in sources {
        let text = fs::read_to_string(root.join(file))?;
        let fence = format!("\n```{mark}\n");
        let blocks: Vec<&str> =
            page.split(&fence).skip(1).filter_map(|rest| rest.split("```").next()).collect();
        ensure!(!blocks.is_empty(), "the page shows nothing of {file}");
        for block in blocks {
            ensure!(text.contains(block), "{file} does not hold:\n{block}");
        }
    }
    Ok(())
}
