//! What holds for a run, and who said so: the flag, else the environment, else the context, else the
//! file's defaults, else gmctl itself. Pure.

use std::{collections::BTreeSet, time::Duration};

use clap::{ArgMatches, parser::ValueSource};
use gms::span::Span;

use crate::{
    cli::base::globals::Globals,
    config::{
        contexts::{ContextName, Contexts},
        origin::Origin,
        settings::Freshness,
    },
    output::{
        format::{Format, TimeWish},
        terminal::ColorWish,
    },
};

/// The time for one call where nobody said: the service itself answers within 2 s.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);
/// The time for one connection: a node on the same continent answers in a tenth of it.
const CONNECT_TIMEOUT_DEFAULT: Duration = Duration::from_secs(1);

/// The global flags that came from the environment, by their names in the program.
#[derive(Debug, Clone, Default)]
pub struct Variables(BTreeSet<String>);

impl Variables {
    /// From what clap has read.
    pub fn of(matches: &ArgMatches) -> Self {
        let is_variable = |id: &&str| matches.value_source(id) == Some(ValueSource::EnvVariable);
        Self(matches.ids().map(clap::Id::as_str).filter(is_variable).map(str::to_owned).collect())
    }

    /// Who set a flag that is set.
    pub fn origin(&self, id: &str) -> Origin {
        if self.0.contains(id) { Origin::Variable } else { Origin::Flag }
    }
}

/// A value and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen<T> {
    /// The value.
    pub value: T,
    /// Who said so.
    pub origin: Origin,
}

impl<T> Chosen<T> {
    fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The context that is meant.
    pub context: Chosen<Option<ContextName>>,
    /// The format of data; none where nobody said.
    pub output: Chosen<Option<Format>>,
    /// How fresh reads must be.
    pub consistency: Chosen<Freshness>,
    /// The time for one call.
    pub timeout: Chosen<Duration>,
    /// The time for one connection.
    pub connect_timeout: Chosen<Duration>,
    /// How times of day are written.
    pub time: Chosen<TimeWish>,
    /// Whether to colour.
    pub color: Chosen<ColorWish>,
    /// ASCII only.
    pub ascii: Chosen<bool>,
}

/// The strongest wish.
fn choose<T>(wishes: impl IntoIterator<Item = (Option<T>, Origin)>, default: T) -> Chosen<T> {
    wishes
        .into_iter()
        .find_map(|(value, origin)| value.map(|value| Chosen::new(value, origin)))
        .unwrap_or_else(|| Chosen::new(default, Origin::Default))
}

/// Whether nodes are named and meant: a context on the command line outdoes a variable.
pub fn names_nodes(globals: &Globals, variables: &Variables) -> bool {
    let by_flag = variables.origin("endpoints") == Origin::Flag;
    !globals.endpoints.is_empty() && (by_flag || !names_context(globals, variables))
}

/// Whether the command line names a context.
pub fn names_context(globals: &Globals, variables: &Variables) -> bool {
    globals.context.is_some() && variables.origin("context") == Origin::Flag
}

impl Settings {
    /// Decides. A context that is named and not there counts as one that sets nothing; whoever needs
    /// its endpoints says so.
    pub fn resolve(globals: &Globals, variables: &Variables, contexts: &Contexts) -> Self {
        let name = choose(
            [
                (globals.context.clone().map(Some), variables.origin("context")),
                (contexts.current().cloned().map(Some), Origin::File),
            ],
            None,
        );
        // Who names nodes means no context.
        let context = name
            .value
            .as_ref()
            .filter(|_| !names_nodes(globals, variables))
            .and_then(|name| contexts.get(name).ok().map(|context| (name, context)));
        let of_context =
            || context.map_or(Origin::Default, |(name, _)| Origin::Context(name.clone()));
        let defaults = contexts.defaults();
        let time = |span: Option<Span>| span.map(Duration::from);
        Self {
            output: choose(
                [
                    (globals.output.map(Some), variables.origin("output")),
                    (defaults.output.map(Some), Origin::File),
                ],
                None,
            ),
            consistency: choose(
                [
                    (globals.consistency, variables.origin("consistency")),
                    (context.and_then(|(_, context)| context.consistency), of_context()),
                    (defaults.consistency, Origin::File),
                ],
                Freshness::Linearizable,
            ),
            timeout: choose(
                [
                    (time(globals.timeout), variables.origin("timeout")),
                    (time(context.and_then(|(_, context)| context.timeout)), of_context()),
                    (time(defaults.timeout), Origin::File),
                ],
                TIMEOUT_DEFAULT,
            ),
            connect_timeout: choose(
                [
                    (time(globals.connect_timeout), variables.origin("connect_timeout")),
                    (time(defaults.connect_timeout), Origin::File),
                ],
                CONNECT_TIMEOUT_DEFAULT,
            ),
            time: choose(
                [(globals.time, variables.origin("time")), (defaults.time, Origin::File)],
                TimeWish::Utc,
            ),
            color: choose(
                [(globals.color, variables.origin("color")), (defaults.color, Origin::File)],
                ColorWish::Auto,
            ),
            ascii: choose(
                [
                    (globals.ascii.then_some(true), variables.origin("ascii")),
                    (defaults.ascii, Origin::File),
                ],
                false,
            ),
            context: name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flag_beats_the_context_that_beats_the_file() {
        let contexts = Contexts::parse(
            "current = \"lab\"\n\
             [defaults]\ntimeout = \"9s\"\noutput = \"json\"\n\
             [context.lab]\nendpoints = [\"h:1\"]\ntimeout = \"7s\"\n\
             [context.prod]\nendpoints = [\"h:2\"]\n",
        )
        .unwrap();
        let of = |globals: &Globals| {
            let settings = Settings::resolve(globals, &Variables::default(), &contexts);
            (settings.timeout.value.as_secs(), settings.timeout.origin, settings.output.value)
        };
        let lab = Origin::Context("lab".parse().unwrap());
        let json = Some(Format::Json);
        assert_eq!(of(&Globals::default()), (7, lab, json));
        let prod = Globals { context: "prod".parse().ok(), ..Globals::default() };
        assert_eq!(of(&prod), (9, Origin::File, json));
        let named = Globals { endpoints: vec!["h:3".to_owned()], ..Globals::default() };
        assert_eq!(of(&named), (9, Origin::File, json));
        // A context on the command line is not outdone by a variable that names nodes.
        let variable = Variables(BTreeSet::from(["endpoints".to_owned()]));
        let named = Globals { context: "lab".parse().ok(), ..named };
        assert!(!names_nodes(&named, &variable) && names_nodes(&named, &Variables::default()));
        assert_eq!(Settings::resolve(&named, &variable, &contexts).timeout.value.as_secs(), 7);
        let flag = Globals {
            timeout: "3s".parse().ok(),
            output: Some(Format::Name),
            ..Globals::default()
        };
        assert_eq!(of(&flag), (3, Origin::Flag, Some(Format::Name)));
        let nothing =
            Settings::resolve(&Globals::default(), &Variables::default(), &Contexts::default());
        assert_eq!(nothing.timeout, Chosen::new(TIMEOUT_DEFAULT, Origin::Default));
        assert_eq!(nothing.output.value, None);
    }
}
