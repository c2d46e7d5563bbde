//! Mail templates and transports, by lettre and minijinja.
