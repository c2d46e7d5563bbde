//! The real binary as its users meet it: started on a free port with a data directory of its own, called by
//! HTTP and by its command line, stopped and killed. Nothing of it is left behind.
//!
//! Four things come from outside, as `scripts/test.sh` exports them: a PostgreSQL server
//! (`ARCHON_TEST_POSTGRES_URL`), a Python with the packages of `scripts/requirements-test.txt`
//! (`ARCHON_TEST_PYTHON`), a folder with Node's packages (`ARCHON_TEST_NODE_MODULES`) and a browser
//! (`ARCHON_TEST_CHROMIUM`). A test that misses one fails and says what to do.

mod attack_night;
mod browser;
mod command_line;
mod docs_commands;
mod durability;
mod journey;
mod mail;
mod oauth;
mod openapi_fuzz;
mod parallel;
mod replicas;
mod stop;
mod storage;
mod support;
mod telemetry;
mod third_party;
mod travel;
