//! The contract for other languages: the OpenAPI document, kept by hand and checked against the
//! table of routes and the list of codes.

/// The document.
pub const DOCUMENT: &str = include_str!("openapi.json");
