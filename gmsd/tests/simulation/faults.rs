//! What can befall a world, and how a seed draws a course of it.

use gms::{liveness::Kind, span::Span};

use crate::{
    agenda::Time,
    machine::Power,
    network::{Place, Trouble, Ways},
    program::Role,
    random::Random,
    service::What,
    world::{Event, PORT, Setup, World},
};

/// Something that befalls the world at a moment.
#[derive(Debug, Clone)]
pub enum Act {
    StopNode(usize),
    ContinueNode(usize),
    /// It gets a turn of the first length in each of the second, for the third.
    StarveNode(usize, Time, Time, Time),
    /// Its machine is suspended for this long, and its clock does not count it.
    SuspendNode(usize, Time),
    KillNode(usize),
    PowerOffNode(usize),
    StartNode(usize),
    /// Its disk takes this much longer.
    SlowDisk(usize, Time),
    /// It applies entries this much later.
    Lag(usize, Time),
    StepClock(usize, u64),
    StopLeader(Time),
    KillLeader(Time),
    Trouble(Ways, Trouble, Time),
    Relief(u64),
    Kill(usize),
    PowerOff(usize),
    Stop(usize),
    Continue(usize),
    Starve(usize, Time, Time, Time),
    /// The same member again after this long, on the same port or another.
    Restart(usize, Time, u16),
    Leave(usize),
    /// A request in the name of a life that may be over.
    Touch(usize),
    ResetStream(usize),
    ResetAllStreams,
    /// A second process with the same id.
    Impostor(usize),
    /// The process dies, and a stranger takes its port.
    Squatter(usize),
    Join(Kind, bool),
    Hold(usize, Time),
    /// So many of a thousand programs are killed, or lose their power, at once.
    Mass(u64, Power),
}

impl World {
    pub fn at(&mut self, at: Time, act: Act) {
        self.agenda.put(at, Event::Act(act));
    }

    fn after(&mut self, late: Time, act: Act) {
        self.at(self.now + late, act);
    }

    /// It happens.
    pub fn play(&mut self, act: Act) {
        match act {
            Act::StopNode(_)
            | Act::ContinueNode(_)
            | Act::StarveNode(..)
            | Act::SuspendNode(..)
            | Act::KillNode(_)
            | Act::PowerOffNode(_)
            | Act::StartNode(_)
            | Act::SlowDisk(..)
            | Act::Lag(..)
            | Act::StepClock(..)
            | Act::StopLeader(_)
            | Act::KillLeader(_) => self.play_on_nodes(act),
            Act::Trouble(ways, trouble, lasts) => {
                let number = self.trouble(ways, trouble);
                self.after(lasts, Act::Relief(number));
            }
            Act::Relief(number) => self.relief(number),
            _ => self.play_on_programs(act),
        }
    }

    fn play_on_nodes(&mut self, act: Act) {
        self.ledger.calm_broken(self.now);
        match act {
            Act::StopNode(node) => self.stop_node(node),
            Act::ContinueNode(node) => self.continue_node(node),
            Act::StarveNode(node, turn, period, left) => {
                if self.nodes[node].machine.power() == Power::Stopped {
                    self.wake_node(node);
                }
                if left > period {
                    self.after(turn, Act::StopNode(node));
                    self.after(period, Act::StarveNode(node, turn, period, left - period));
                }
            }
            Act::SuspendNode(node, lasts) => {
                self.stop_node(node);
                self.nodes[node].is_suspended = true;
                self.after(lasts, Act::ContinueNode(node));
            }
            Act::KillNode(node) => self.kill_node(node, Power::Dead),
            Act::PowerOffNode(node) => self.kill_node(node, Power::Off),
            Act::StartNode(node) => {
                if self.nodes[node].machine.is_gone() {
                    self.start_node(node);
                }
            }
            Act::SlowDisk(node, by) => self.nodes[node].fsync = by,
            Act::Lag(node, by) => self.nodes[node].lag = by,
            Act::StepClock(node, wall_ms) => self.nodes[node].wall_ms = wall_ms,
            Act::StopLeader(lasts) => {
                if let Some(leader) = self.log.leader {
                    self.stop_node(leader);
                    self.after(lasts, Act::ContinueNode(leader));
                }
            }
            Act::KillLeader(lasts) => {
                if let Some(leader) = self.log.leader {
                    self.kill_node(leader, Power::Dead);
                    self.after(lasts, Act::StartNode(leader));
                }
            }
            other => unreachable!("{other:?} is no act on a node"),
        }
    }

    fn play_on_programs(&mut self, act: Act) {
        match act {
            Act::Kill(number) => self.kill(number),
            Act::PowerOff(number) => self.power_off(number),
            Act::Stop(number) => self.stop_program(number),
            Act::Continue(number) => self.continue_program(number),
            Act::Starve(number, turn, period, left) => {
                self.continue_program(number);
                if left > period {
                    self.after(turn, Act::Stop(number));
                    self.after(period, Act::Starve(number, turn, period, left - period));
                }
            }
            Act::Restart(number, late, port) if late > Time::ZERO => {
                self.kill(number);
                self.after(late, Act::Restart(number, Time::ZERO, port));
            }
            Act::Restart(number, _, port) => {
                self.restart(number, port);
            }
            Act::Leave(number) => {
                if let Some(life) = &self.programs[number].life {
                    let incarnation = life.subject.incarnation;
                    self.programs[number].wants = false;
                    self.ask(number, What::Leave { incarnation });
                }
            }
            Act::Touch(number) => {
                if let Some(life) = &self.programs[number].life {
                    let incarnation = life.subject.incarnation;
                    let token = format!("{:?}", self.now);
                    self.ask(number, What::Touch { incarnation, token });
                }
            }
            Act::ResetStream(number) => self.reset_stream(number),
            Act::ResetAllStreams => {
                (0..self.programs.len()).for_each(|number| self.reset_stream(number));
            }
            Act::Impostor(number) => {
                let role = self.programs[number].role.clone();
                let host = self.programs.len() + 1_000;
                self.start_program(role, host, PORT);
            }
            Act::Squatter(number) => {
                self.kill(number);
                let it = &self.programs[number];
                let role = Role { is_stranger: true, ..it.role.clone() };
                let (host, port) = (it.host, it.at.port());
                if !self.ports.contains_key(&it.at) {
                    self.start_program(role, host, port);
                }
            }
            Act::Join(kind, streams) => {
                let number = self.programs.len();
                let role = Role { streams, ..Role::plain(number, kind) };
                self.start_program(role, number, PORT);
            }
            Act::Hold(number, lasts) => {
                self.ledger.calm_broken(self.now + lasts);
                let millis = u64::try_from(lasts.as_millis()).unwrap();
                self.ask(number, What::Hold { millis });
            }
            Act::Mass(share, power) => {
                for number in 0..self.programs.len() {
                    if self.random.chance(share) && power == Power::Off {
                        self.power_off(number);
                    } else if self.random.chance(share) {
                        self.kill(number);
                    }
                }
            }
            other => unreachable!("{other:?} is no act on a program"),
        }
    }

    /// Everything that was drawn is over: what is stopped goes on, what is down starts, the network
    /// is sound. Programs that are gone stay so.
    pub fn mend(&mut self) {
        self.ledger.calm_broken(self.now);
        self.network.end_all(self.now);
        for node in 0..self.nodes.len() {
            self.nodes[node].lag = Time::ZERO;
            self.nodes[node].fsync = Time::ZERO;
            if self.nodes[node].machine.is_gone() {
                self.start_node(node);
            }
            self.wake_node(node);
        }
        for number in 0..self.programs.len() {
            self.wake_program(number);
        }
        self.transcript.note(self.now, "all", || "is mended".to_owned());
    }
}

/// How long faults may befall a drawn world.
const TROUBLED: std::ops::Range<u64> = 4_000..16_000;
/// For how long a drawn world keeps the places of its static members.
const HOLD: Span = Span::from_millis(5_000);
/// How long it rests before the last look: the longest bound, and the boot grace.
const REST: Time = Time::from_millis(27_000);
/// An entry under way at the end has this long to reach every node, in so many looks.
const SETTLE_TURN: Time = Time::from_millis(20);
const SETTLE_TURNS: usize = 100;

/// One seed's run: the world after it.
pub fn drawn(seed: u64, is_recorded: bool) -> World {
    // The course is drawn from other numbers than what happens in it.
    let mut random = Random::new(seed ^ 0x05ee_d0f7_e571);
    let nodes = *random.pick(&[3, 3, 3, 5, 5, 1]);
    let setup = Setup { is_recorded, ..Setup::new(seed, nodes) };
    let mut world = World::new(&setup);
    let members = match random.below(100) {
        0..80 => random.between(2..12),
        80..97 => random.between(12..50),
        _ => random.between(50..250),
    };
    for _ in 0..members {
        let kind = *random.pick(&[Kind::Udp, Kind::Udp, Kind::Udp, Kind::Tcp, Kind::Http]);
        let number = world.programs.len();
        let role = Role {
            group: if random.chance(800) { "g" } else { "h" }.parse().unwrap(),
            streams: random.chance(600),
            supervised: random.chance(100),
            // Some are static. Nothing is drawn for it, so the courses of the seeds stay.
            hold: (number % 4 == 1).then_some(HOLD),
            ..Role::plain(number, kind)
        };
        world.start_program(role, number, PORT);
    }
    let begin = world.now + random.ms(500..13_000);
    let until = begin + random.ms(TROUBLED);
    for _ in 0..random.between(1..10) {
        let at = begin + random.ms(0..u64::try_from((until - begin).as_millis()).unwrap());
        for (late, act) in draw(&mut random, nodes, usize::try_from(members).unwrap(), until - at) {
            world.at(at + late, act);
        }
    }
    world.run_until(until);
    world.mend();
    world.run_for(REST);
    // What is just being written is not the rest meant.
    for _ in 0..SETTLE_TURNS {
        if !world.is_writing() {
            break;
        }
        world.run_for(SETTLE_TURN);
    }
    if !world.ledger.has_failed() {
        world.check_rest();
    }
    world
}

/// One fault, with all that belongs to it. `left` is how long it may last.
fn draw(random: &mut Random, nodes: usize, programs: usize, left: Time) -> Vec<(Time, Act)> {
    let left_ms = u64::try_from(left.as_millis()).unwrap().max(2);
    let lasts = random.ms(1..left_ms);
    let node = random.index(nodes);
    let program = random.index(programs);
    let at_once = |act| vec![(Time::ZERO, act)];
    match random.below(34) {
        0..4 => draw_stall(random, node, lasts),
        4 => vec![(Time::ZERO, Act::KillNode(node)), (lasts, Act::StartNode(node))],
        5 => vec![(Time::ZERO, Act::PowerOffNode(node)), (lasts, Act::StartNode(node))],
        6 => at_once(Act::KillLeader(lasts)),
        7 => at_once(Act::StopLeader(lasts)),
        8 => at_once(Act::SlowDisk(node, random.ms(50..3_000))),
        9 => at_once(Act::Lag(node, random.ms(5..1_500))),
        10 => at_once(Act::StepClock(node, random.below(2_000_000_000))),
        11..18 => at_once(draw_trouble(random, nodes, programs, lasts)),
        18..21 => at_once(Act::Kill(program)),
        21 | 22 => at_once(Act::PowerOff(program)),
        23 => {
            let turn = random.ms(5..40);
            let period = random.ms(100..400);
            at_once(Act::Starve(program, turn, period, lasts))
        }
        24 => vec![(Time::ZERO, Act::Stop(program)), (lasts, Act::Continue(program))],
        25 | 26 => {
            let port = if random.chance(500) { PORT } else { PORT + 1 };
            at_once(Act::Restart(program, random.ms(1..2_000), port))
        }
        27 => {
            let other = random.index(programs);
            vec![(Time::ZERO, Act::Leave(program)), (lasts, Act::Touch(other))]
        }
        28 => at_once(Act::ResetStream(program)),
        29 => at_once(Act::ResetAllStreams),
        30 => at_once(Act::Impostor(program)),
        31 => at_once(Act::Squatter(program)),
        32 => at_once(Act::Join(*random.pick(&[Kind::Udp, Kind::Tcp]), random.chance(500))),
        _ => {
            let power = *random.pick(&[Power::Dead, Power::Off]);
            at_once(Act::Mass(random.between(100..900), power))
        }
    }
}

fn draw_stall(random: &mut Random, node: usize, lasts: Time) -> Vec<(Time, Act)> {
    let act = match random.below(4) {
        0 => Act::SuspendNode(node, lasts),
        1 => Act::StarveNode(node, random.ms(5..40), random.ms(60..500), lasts),
        2 => Act::StarveNode(node, random.ms(1..100), random.ms(100..2_000), lasts),
        _ => {
            return vec![(Time::ZERO, Act::StopNode(node)), (lasts, Act::ContinueNode(node))];
        }
    };
    vec![(Time::ZERO, act)]
}

fn draw_trouble(random: &mut Random, nodes: usize, programs: usize, lasts: Time) -> Act {
    let node = random.index(nodes);
    let (here, there) = (Place::Node(node), Place::Host(random.index(programs)));
    let peer = Place::Node(random.index(nodes));
    let host = Place::Host(random.index(programs));
    let Place::Host(number) = host else { unreachable!("it is a host") };
    let ways = match random.below(13) {
        0 => Ways::AllMembers,
        1 => Ways::AllNodes,
        2 if peer != here => Ways::Between(here, peer),
        3 if peer != here => Ways::From(here, peer),
        4 => Ways::Between(here, there),
        5 => Ways::From(here, there),
        6 => Ways::From(there, here),
        7 => Ways::ToMembers(node),
        8 => Ways::FromMembers(node),
        9 => Ways::Peers(node),
        10 => Ways::Into(number),
        11 => Ways::Out(number),
        _ => Ways::Between(here, host),
    };
    let trouble = match random.below(8) {
        0..3 => Trouble::Cut,
        3..6 => Trouble::Loss(random.between(50..900)),
        6 => Trouble::Delay(random.ms(1..80), random.ms(1..50)),
        _ => Trouble::Twice(300),
    };
    Act::Trouble(ways, trouble, lasts)
}
