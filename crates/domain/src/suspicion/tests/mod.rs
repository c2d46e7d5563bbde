mod addresses;
mod people;
mod programs;
mod properties;
mod script;
mod travels;
