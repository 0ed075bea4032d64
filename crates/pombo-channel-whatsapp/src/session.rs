//! One client of the library: how it is built, and what is heard from it.
