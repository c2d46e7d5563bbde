//! JSON Web Tokens, key rings and key files, by josekit.
