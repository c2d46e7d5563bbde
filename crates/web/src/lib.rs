//! The HTTP surface of Archon Auth, by actix-web.
