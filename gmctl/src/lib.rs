//! gmctl: the terminal of gms.
