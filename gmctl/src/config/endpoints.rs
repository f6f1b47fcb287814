//! From wishes to endpoints: those of the context, else the default. Every text is parsed here, and an
//! answer has at least one endpoint.

use gms::endpoint::Endpoint;

use crate::{
    config::{
        contexts::{ContextName, Contexts},
        origin::Origin,
    },
    error::Failure,
    exit::Exit,
};

/// The endpoints of this context, or the default where none is meant.
pub fn resolve(
    context: Option<&ContextName>,
    contexts: &Contexts,
) -> Result<(Vec<Endpoint>, Origin), Failure> {
    let Some(name) = context else {
        return Ok((Endpoint::local_defaults(), Origin::Default));
    };
    let context = contexts.get(name).map_err(|why| {
        Failure::new(Exit::NotFound, why.to_string()).hint("see gmctl context ls")
    })?;
    Ok((parse(&context.endpoints)?, Origin::Context(name.clone())))
}

/// Reads endpoints, each text possibly a list separated by commas. A bare port takes the host of
/// the endpoint before it: `127.0.0.1:12380,22380`.
pub fn parse(texts: &[String]) -> Result<Vec<Endpoint>, Failure> {
    let mut whole: Vec<String> = Vec::new();
    let mut host: Option<String> = None;
    for part in texts.iter().flat_map(|text| text.split(',')).map(str::trim) {
        if part.is_empty() {
            continue;
        }
        let is_port = part.bytes().all(|b| b.is_ascii_digit());
        let part = match &host {
            Some(host) if is_port => format!("{host}:{part}"),
            _ => part.to_owned(),
        };
        host = part.rsplit_once(':').map(|(host, _)| host.to_owned());
        whole.push(part);
    }
    Endpoint::parse_list(&whole.join(",")).map_err(|why| {
        Failure::usage(why.to_string()).hint("-e http://127.0.0.1:12380,22380,32380")
    })
}

#[cfg(test)]
mod tests {
    use crate::config::contexts::Context;

    use super::*;

    fn texts(endpoints: &[Endpoint]) -> Vec<String> {
        endpoints.iter().map(Endpoint::to_string).collect()
    }

    #[test]
    fn a_context_beats_the_default_and_must_be_there() {
        let mut contexts = Contexts::default();
        assert_eq!(resolve(None, &contexts).unwrap().0.len(), 3);
        let context = Context { endpoints: vec!["a:1".to_owned()], ..Context::default() };
        contexts.set("lab".parse().unwrap(), context);
        let lab = "lab".parse().unwrap();
        let (list, origin) = resolve(Some(&lab), &contexts).unwrap();
        assert_eq!((texts(&list), origin), (vec!["http://a:1".to_owned()], Origin::Context(lab)));
        let missing = resolve(Some(&"no".parse().unwrap()), &contexts).unwrap_err();
        assert_eq!(missing.exit, Exit::NotFound);
        for nonsense in ["nonsense", ""] {
            assert_eq!(parse(&[nonsense.to_owned()]).unwrap_err().exit, Exit::Usage);
        }
    }

    #[test]
    fn a_bare_port_takes_the_host_before_it() {
        let list = parse(&["http://10.0.0.1:1,2".to_owned(), "3, [::1]:4,5".to_owned()]).unwrap();
        assert_eq!(
            texts(&list),
            [
                "http://10.0.0.1:1",
                "http://10.0.0.1:2",
                "http://10.0.0.1:3",
                "http://[::1]:4",
                "http://[::1]:5"
            ]
        );
        assert_eq!(parse(&["22380".to_owned()]).unwrap_err().exit, Exit::Usage);
    }
}
