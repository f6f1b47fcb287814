//! `gmctl client`: a member by hand. Lists nodes and groups, looks at one, registers in one, answers
//! pings, shows views as they come, and leaves in order: on Enter, `q`, the end of the input or a
//! signal.
//!
//! Orders are lines of stdin, so it works in a pipe as on a terminal. An order that cannot be
//! carried out costs a message, never the registration.

use clap::Args;
use gms::{
    address::Address,
    api::WatchEvent,
    client::Client,
    id::{GroupId, MemberId},
    session::{
        event::{SessionEnd, SessionEvent, SessionEvents},
        handle::Session,
        options::SessionOptions,
    },
};

use crate::{
    cli::{
        base::{
            console::{Console, now_ms},
            lines::{self, Line},
            signals::{Signals, exit_of},
        },
        follow::seen::Seen,
        look::members::Listed,
    },
    config::endpoints,
    error::Failure,
    exit::Exit,
    output::page::Page as _,
};

/// Be a member by hand: list, look, register, answer pings, leave
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: write; joins and leaves as the member --id

Orders, one a line: nodes, groups, look GROUP, choose GROUP, register [GROUP], leave, q, help.
Once registered, Enter or q leaves and ends, as does the end of the input or a signal; before that
Enter lists the groups.

Examples:
  gmctl client --id 1 --address http://127.0.0.1:9021 --cluster http://127.0.0.1:22380
  gmctl client --id web-1 --address 10.0.0.7:8080 -e 10.0.0.1:12380")]
pub struct ClientArgs {
    /// The member's name
    #[arg(long, value_name = "ID")]
    id: MemberId,
    /// Where it answers pings, and what others see: host:port or http://host:port
    #[arg(long, value_name = "ADDRESS")]
    address: Address,
    /// Nodes, as --endpoint
    #[arg(long, value_name = "URL")]
    cluster: Vec<String>,
}

/// The orders, for the help.
const ORDERS: &str = "\
nodes            every node
groups           every group
look GROUP       the members of a group
choose GROUP     the group for register
register [GROUP] join it, and show its views as they come
leave            leave it, and stay here
q, Enter         leave it, and end
";

/// One line of the input.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Order {
    Nodes,
    Groups,
    Look(GroupId),
    Choose(GroupId),
    Register(Option<GroupId>),
    Leave,
    Quit,
    Help,
    /// An empty line.
    Enter,
}

/// Reads an order.
fn order(line: &str) -> Result<Order, String> {
    let group = |text: &str| text.parse::<GroupId>().map_err(|why| why.to_string());
    let words: Vec<&str> = line.split_whitespace().collect();
    Ok(match words.as_slice() {
        [] => Order::Enter,
        ["nodes"] => Order::Nodes,
        ["groups"] => Order::Groups,
        ["look", name] => Order::Look(group(name)?),
        ["choose", name] => Order::Choose(group(name)?),
        ["register"] => Order::Register(None),
        ["register", name] => Order::Register(Some(group(name)?)),
        ["leave"] => Order::Leave,
        ["q" | "quit" | "exit"] => Order::Quit,
        ["help" | "?"] => Order::Help,
        _ => return Err("that is no order; help lists them".to_owned()),
    })
}

/// Serves orders until one of them, the end of the input or a signal ends it.
pub async fn run(args: &ClientArgs, console: &mut Console) -> Result<Exit, Failure> {
    console.may_be_member("client")?;
    let mut signals = Signals::listen()?;
    let client = if args.cluster.is_empty() {
        console.client()?
    } else {
        Client::new(endpoints::parse(&args.cluster)?, console.options())?
    };
    let mut hand = Hand { args, client, console, chosen: None, registration: None };
    let welcome = hand.welcome().await;
    hand.report(welcome)?;
    let mut lines = lines::of_stdin();
    loop {
        hand.prompt();
        tokio::select! {
            biased;
            signal = signals.next() => {
                hand.leave().await?;
                return Ok(exit_of(signal));
            }
            event = next_event(hand.registration.as_ref()) => hand.tell(event.as_ref())?,
            line = lines.recv() => {
                if hand.obey(line).await? {
                    return Ok(Exit::Ok);
                }
            }
        }
    }
}

/// A life in a group.
struct Registration {
    session: Session,
    events: SessionEvents,
}

/// The next event of the session; for ever without one.
async fn next_event(registration: Option<&Registration>) -> Option<SessionEvent> {
    match registration {
        Some(registration) => registration.events.next().await,
        None => std::future::pending().await,
    }
}

/// The person at the keyboard, or the script at the other end of the pipe.
struct Hand<'a> {
    args: &'a ClientArgs,
    client: Client,
    console: &'a mut Console,
    chosen: Option<GroupId>,
    registration: Option<Registration>,
}

impl Hand<'_> {
    /// Only a reader that is gone ends the client; every other failure is a message.
    fn report(&mut self, result: Result<(), Failure>) -> Result<(), Failure> {
        match result {
            Err(failure) if !failure.is_quiet() => {
                self.console.printer.failure(&failure);
                Ok(())
            }
            result => result,
        }
    }

    fn prompt(&mut self) {
        if self.console.terminal.can_ask() {
            let name = match (&self.registration, &self.chosen) {
                (Some(registration), _) => format!("{}/", registration.session.group()),
                (None, Some(group)) => format!("{group}? "),
                (None, None) => String::new(),
            };
            self.console.printer.prompt(&format!("{name}{}> ", self.args.id));
        }
    }

    async fn welcome(&mut self) -> Result<(), Failure> {
        self.nodes().await?;
        self.groups().await?;
        self.console.printer.note("help lists the orders; register GROUP joins, Enter or q leaves");
        Ok(())
    }

    async fn nodes(&mut self) -> Result<(), Failure> {
        let nodes = self.client.nodes().await?;
        self.console.printer.page(&nodes.value)
    }

    async fn groups(&mut self) -> Result<(), Failure> {
        let groups = self.client.groups().await?;
        self.console.printer.page(&groups.value)
    }

    /// Carries out a line; true if it was the last.
    async fn obey(&mut self, line: Option<Line>) -> Result<bool, Failure> {
        let parsed = match line.map(|line| line.bytes) {
            None => Ok(Order::Quit),
            Some(Ok(bytes)) => order(&String::from_utf8_lossy(&bytes)),
            Some(Err(why)) => Err(why),
        };
        let result = match parsed {
            Ok(Order::Quit) => return self.leave().await.map(|()| true),
            Ok(Order::Enter) if self.registration.is_some() => {
                return self.leave().await.map(|()| true);
            }
            Ok(Order::Leave) => self.leave().await,
            Ok(Order::Nodes) => self.nodes().await,
            Ok(Order::Groups | Order::Enter) => self.groups().await,
            Ok(Order::Look(group)) => self.look(&group).await,
            Ok(Order::Choose(group)) => {
                self.chosen = Some(group.clone());
                self.look(&group).await
            }
            Ok(Order::Register(group)) => self.register(group).await,
            Ok(Order::Help) => self.console.printer.data(ORDERS),
            Err(why) => Err(Failure::usage(why)),
        };
        self.report(result)?;
        Ok(false)
    }

    async fn look(&mut self, group: &GroupId) -> Result<(), Failure> {
        let view = Listed::from(self.client.group(group).await?.value);
        if view.items().is_empty() {
            self.console.printer.note(&format!("group {group} has no members"));
        }
        self.console.printer.page(&view)
    }

    async fn register(&mut self, group: Option<GroupId>) -> Result<(), Failure> {
        if let Some(registration) = &self.registration {
            let group = registration.session.group();
            let what = format!("already registered in {group}; leave it first");
            return Err(Failure::new(Exit::Conflict, what));
        }
        let group = group
            .or_else(|| self.chosen.clone())
            .ok_or_else(|| Failure::usage("no group is chosen").hint("register GROUP"))?;
        let (id, address) = (self.args.id.clone(), self.args.address.clone());
        let options = SessionOptions::new(group, id, address);
        let session = Session::join(&self.client, options).await?;
        let events = session.events();
        self.registration = Some(Registration { session, events });
        Ok(())
    }

    /// Leaves in order, if there is something to leave. The life is over all the same if it fails.
    async fn leave(&mut self) -> Result<(), Failure> {
        let Some(Registration { session, .. }) = self.registration.take() else {
            return Ok(());
        };
        let name = format!("{}/{}", session.group(), session.id());
        session.leave().await?;
        self.console.printer.note(&format!("{name} has left"));
        Ok(())
    }

    /// Tells what happened to the session.
    fn tell(&mut self, event: Option<&SessionEvent>) -> Result<(), Failure> {
        let Some(registration) = &self.registration else {
            return Ok(());
        };
        let name = format!("{}/{}", registration.session.group(), registration.session.id());
        if let Some(SessionEvent::View(_)) = event
            && let Some(view) = registration.session.view()
        {
            let event = WatchEvent::Snapshot(view);
            return self.console.printer.item(&Seen { event: &event, seen_ms: now_ms() });
        }
        if let Some(text) = event.and_then(in_words) {
            self.console.printer.note(&format!("{name} {text}"));
        }
        if matches!(event, None | Some(SessionEvent::Ended(_))) {
            self.registration = None;
        }
        Ok(())
    }
}

/// What happened to a session, for people; nothing for what needs no word.
pub fn in_words(event: &SessionEvent) -> Option<String> {
    Some(match event {
        SessionEvent::Joined { incarnation, view } => {
            format!("joined: incarnation {incarnation}, view {view}")
        }
        SessionEvent::Rejoined { incarnation, view } => {
            format!("is back: incarnation {incarnation}, view {view}")
        }
        SessionEvent::LeaseLost { .. } => {
            "has heard from no quorum for its lease: it may be removed".to_owned()
        }
        SessionEvent::LeaseRegained { .. } => "is heard again".to_owned(),
        SessionEvent::Removed { incarnation, cause, .. } => {
            let cause = cause.map_or("cause unknown", gms::evidence::Cause::as_str);
            format!("was removed: incarnation {incarnation}, {cause}")
        }
        SessionEvent::Draining(true) => "is asked to take no new work".to_owned(),
        SessionEvent::Draining(false) => "may take work again".to_owned(),
        SessionEvent::Disconnected { why } => format!("lost its node, trying another: {why}"),
        SessionEvent::Ended(end) => match end {
            SessionEnd::Left => "has left".to_owned(),
            SessionEnd::Removed => "is no member any more".to_owned(),
            SessionEnd::Replaced => "was replaced by another process of its name".to_owned(),
            SessionEnd::Refused { why } => format!("could not come back: {why}"),
        },
        SessionEvent::View(_) | SessionEvent::Connected { .. } => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_of_the_help_is_one_and_anything_else_is_refused_kindly() {
        let group: GroupId = "payments".parse().unwrap();
        for (line, expected) in [
            ("", Order::Enter),
            (" \r", Order::Enter),
            ("nodes", Order::Nodes),
            ("look payments", Order::Look(group.clone())),
            ("choose payments", Order::Choose(group.clone())),
            ("register", Order::Register(None)),
            ("  register  payments ", Order::Register(Some(group))),
            ("q", Order::Quit),
            ("?", Order::Help),
        ] {
            assert_eq!(order(line), Ok(expected), "{line:?}");
        }
        for line in ["a", ",1,http://h:1", "look", "look a,b", "register a b", "\u{1b}[A"] {
            assert!(order(line).is_err(), "{line:?}");
        }
        for line in ORDERS.lines() {
            let word = line.split([' ', ',']).next().unwrap();
            let given = [word.to_owned(), format!("{word} payments")];
            assert!(given.iter().any(|line| order(line).is_ok()), "{line}");
        }
    }
}
