//! What a filter can ask of members, groups, nodes and events: the names of fields and what their
//! values look like. A name that members do not have is a tag of theirs; of the others it is a mistake.

/// How the values of a number field are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A whole number.
    Count,
    /// A length of time, held in microseconds.
    Time,
}

/// A field whose values are texts.
#[derive(Debug, PartialEq, Eq)]
pub struct TextName {
    /// As it is written.
    pub name: &'static str,
    /// The field it means, where that has another name too.
    pub field: &'static str,
    /// The only words it can be compared with; any where empty.
    pub words: &'static [&'static str],
}

/// A field whose values are numbers.
#[derive(Debug, PartialEq, Eq)]
pub struct NumberName {
    /// As it is written.
    pub name: &'static str,
    /// How its values are written.
    pub unit: Unit,
}

/// What can be asked of one kind of thing.
#[derive(Debug, PartialEq, Eq)]
pub struct Vocabulary {
    /// What they are called, in the plural.
    pub subject: &'static str,
    /// Their texts.
    pub texts: &'static [TextName],
    /// Their numbers.
    pub numbers: &'static [NumberName],
    /// Whether they carry tags.
    pub has_tags: bool,
}

const fn text(name: &'static str) -> TextName {
    TextName { name, field: name, words: &[] }
}

const fn alias(name: &'static str, field: &'static str) -> TextName {
    TextName { name, field, words: &[] }
}

const fn word(name: &'static str, words: &'static [&'static str]) -> TextName {
    TextName { name, field: name, words }
}

const fn count(name: &'static str) -> NumberName {
    NumberName { name, unit: Unit::Count }
}

const fn time(name: &'static str) -> NumberName {
    NumberName { name, unit: Unit::Time }
}

/// Members.
pub static MEMBERS: Vocabulary = Vocabulary {
    subject: "members",
    texts: &[
        word(
            "state",
            &[
                "ok",
                "late",
                "suspect",
                "condemned",
                "unknown",
                "new",
                "away",
                "left",
                "removed",
                "active",
                "draining",
            ],
        ),
        text("id"),
        alias("name", "id"),
        text("group"),
        text("address"),
        text("seen"),
        word("kind", &["udp", "stream", "http", "tcp"]),
    ],
    numbers: &[
        count("monitor"),
        count("witness"),
        count("misses"),
        count("incarnation"),
        time("age"),
        time("left"),
        time("rtt"),
    ],
    has_tags: true,
};

/// Groups.
pub static GROUPS: Vocabulary = Vocabulary {
    subject: "groups",
    texts: &[
        text("name"),
        alias("group", "name"),
        alias("id", "name"),
        word("state", &["ok", "suspect", "away", "held", "empty"]),
        text("reason"),
    ],
    numbers: &[count("view"), count("members"), count("away"), count("suspects"), time("hold")],
    has_tags: false,
};

/// What a watch can wait for: views say nothing of suspects and holds.
pub static WATCHED: Vocabulary = Vocabulary {
    subject: "views",
    texts: &[text("name"), alias("group", "name")],
    numbers: &[count("view"), count("members"), count("away")],
    has_tags: false,
};

/// Nodes.
pub static NODES: Vocabulary = Vocabulary {
    subject: "nodes",
    texts: &[
        word("role", &["leader", "follower", "candidate", "learner", "shutdown"]),
        word("state", &["up", "down", "voter", "learner", "monitor"]),
        text("api"),
        text("peer"),
        text("version"),
        text("error"),
    ],
    numbers: &[
        count("id"),
        count("node"),
        count("term"),
        count("leader"),
        count("applied"),
        count("matched"),
        count("lag"),
        count("monitored"),
        count("pings"),
        count("health"),
        time("rtt"),
        time("fsync"),
        time("clock"),
    ],
    has_tags: false,
};

/// What the service records.
const RECORDED: [&str; 15] = [
    "joined",
    "left",
    "removed",
    "away",
    "returned",
    "updated",
    "group_created",
    "group_deleted",
    "hold_set",
    "hold_cleared",
    "election",
    "node_started",
    "configuration",
    "monitors",
    "restored",
];
/// What a dashboard sees besides.
const SEEN: [&str; 10] = [
    "restarted",
    "suspect",
    "answers",
    "node_lost",
    "node_back",
    "link_lost",
    "link_back",
    "gap",
    "note",
    "command",
];
/// Both.
const ENTRIES: [&str; RECORDED.len() + SEEN.len()] = {
    let mut all = [""; RECORDED.len() + SEEN.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < RECORDED.len() { RECORDED[at] } else { SEEN[at - RECORDED.len()] };
        at += 1;
    }
    all
};

/// The texts of what happened, where it is of one of these kinds.
const fn of_event(kinds: &'static [&'static str]) -> [TextName; 8] {
    [
        word("kind", kinds),
        text("group"),
        text("member"),
        alias("id", "member"),
        text("node"),
        text("cause"),
        text("reason"),
        text("address"),
    ]
}

/// Events.
pub static EVENTS: Vocabulary = Vocabulary {
    subject: "events",
    texts: &of_event(&RECORDED),
    numbers: &[count("revision"), count("incarnation"), count("term"), time("age")],
    has_tags: false,
};

/// The entries of a dashboard's timeline: events, some of them told in one entry, and what it saw
/// itself.
pub static TIMELINE: Vocabulary = Vocabulary {
    subject: "entries",
    texts: &of_event(&ENTRIES),
    numbers: &[count("revision"), count("term"), time("age")],
    has_tags: false,
};

impl Vocabulary {
    /// Every field, for a message and for the help.
    pub fn names(&self) -> Vec<&'static str> {
        let texts = self.texts.iter().map(|text| text.name);
        texts.chain(self.numbers.iter().map(|number| number.name)).collect()
    }
}
