# Shorthand for what is done every day; `just` lists it.

[private]
default:
    @just --list --unsorted

# Start the service with nothing configured.
serve *arguments:
    cargo run --release --package archon-server --bin archon-auth -- {{arguments}}

# Everything that must hold before a change is merged.
check:
    scripts/test.sh

# The tests alone, with PostgreSQL and the third-party judges; arguments go to the test runner.
test *arguments:
    scripts/test.sh tests -- {{arguments}}

# Formatting, lints and documentation.
lint:
    scripts/test.sh format lint documentation

# Bring the code into its format.
format:
    cargo fmt --all

# Rewrite the pages that are generated from the code.
bless:
    ARCHON_BLESS=1 cargo test --package archon-server page_is_up_to_date
