//! The real binary as its users meet it: started on a free port with a data directory of its own, called by
//! HTTP and by its command line, stopped and killed. Nothing of it is left behind.
//!
//! Three things come from outside, as `scripts/test.sh` exports them: a PostgreSQL server
//! (`ARCHON_TEST_POSTGRES_URL`), a Python with the packages of `scripts/requirements-test.txt`
//! (`ARCHON_TEST_PYTHON`) and a folder with Node's packages (`ARCHON_TEST_NODE_MODULES`). A test that
//! misses one fails and says what to do.

mod command_line;
mod docs_commands;
mod durability;
mod journey;
mod openapi_fuzz;
mod parallel;
mod replicas;
mod stop;
mod storage;
mod support;
mod third_party;
