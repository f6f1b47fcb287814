//! From wishes to endpoints: the flag, else the environment (clap reads both), else the context,
//! else the default. Every text is parsed here, and an answer has at least one endpoint.

use gms::endpoint::Endpoint;

use crate::{
    config::contexts::{ContextName, Contexts},
    error::Failure,
    exit::Exit,
};

/// Where the endpoints come from, for `doctor` and for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `-e` or `GMS_ENDPOINTS`.
    Flag,
    /// A context, by name.
    Context(ContextName),
    /// Nobody said.
    Default,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Flag => f.write_str("--endpoint or GMS_ENDPOINTS"),
            Origin::Context(name) => write!(f, "context {name}"),
            Origin::Default => f.write_str("the default"),
        }
    }
}

/// Decides which endpoints are meant.
pub fn resolve(
    flag: &[String],
    context: Option<&ContextName>,
    contexts: &Contexts,
) -> Result<(Vec<Endpoint>, Origin), Failure> {
    if !flag.is_empty() {
        return Ok((parse(flag)?, Origin::Flag));
    }
    let Some(name) = context.or(contexts.current()) else {
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
    fn the_flag_beats_the_context_and_that_the_default() {
        let mut contexts = Contexts::default();
        let of = |flag: &[&str], context: Option<&str>, contexts: &Contexts| {
            let flag: Vec<String> = flag.iter().map(|text| (*text).to_owned()).collect();
            let context = context.map(|name| name.parse().unwrap());
            resolve(&flag, context.as_ref(), contexts).map(|(list, origin)| (texts(&list), origin))
        };
        let default = of(&[], None, &contexts).unwrap();
        assert_eq!((default.0.len(), default.1), (3, Origin::Default));
        for (name, endpoint) in [("lab", "a:1"), ("prod", "b:2")] {
            contexts.set(name.parse().unwrap(), Context { endpoints: vec![endpoint.to_owned()] });
        }
        let lab = Origin::Context("lab".parse().unwrap());
        assert_eq!(of(&[], None, &contexts).unwrap(), (vec!["http://a:1".to_owned()], lab));
        assert_eq!(of(&[], Some("prod"), &contexts).unwrap().0, ["http://b:2"]);
        assert_eq!(of(&["c:3"], Some("prod"), &contexts).unwrap().0, ["http://c:3"]);
        assert_eq!(of(&[], Some("no"), &contexts).unwrap_err().exit, Exit::NotFound);
        assert_eq!(of(&["nonsense"], None, &contexts).unwrap_err().exit, Exit::Usage);
        assert_eq!(of(&[""], None, &contexts).unwrap_err().exit, Exit::Usage);
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
