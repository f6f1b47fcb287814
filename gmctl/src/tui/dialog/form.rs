//! The state machine of a form: filled in, checked by a dry run, confirmed, sent.

use tui_input::Input;

use super::{
    field::Field,
    purpose::{Confirmation, Purpose},
    typing,
};
use crate::{
    action::key::Key,
    tui::request::{NotDone, Request, Ticket},
};

/// How far a form has come.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Being filled in.
    Filling,
    /// The service is asked whether it would do it.
    Checking(Ticket),
    /// It would; what it said, and what is typed to confirm.
    Confirming(Vec<String>, Input),
    /// The service is asked to do it.
    Sending(Ticket),
}

/// What a key press led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Nothing beyond the form.
    Stay,
    /// The form is given up.
    Close,
    /// The form goes out of sight; what becomes of the write is told all the same.
    Leave,
    /// Ask the service whether it would do this.
    Check(Request),
    /// Ask it to do this.
    Send(Request),
}

/// A form.
#[derive(Debug, Clone)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// What is to be filled in.
    pub fields: Vec<Field>,
    /// The place of the field under the keys.
    pub focus: usize,
    /// How far it has come.
    pub stage: Stage,
    /// Why the service, or this dashboard, would not do it.
    pub refusal: Option<NotDone>,
    /// Whether the context is a protected one.
    pub protected: bool,
}

impl Form {
    /// A fresh form.
    pub fn new(purpose: Purpose, fields: Vec<Field>, protected: bool) -> Self {
        let focus = fields.iter().position(|field| field.value().is_empty()).unwrap_or_default();
        Self { purpose, fields, focus, stage: Stage::Filling, refusal: None, protected }
    }

    /// Fills the first fields in; what is still empty is typed next.
    pub fn fill_in<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        for (field, value) in self.fields.iter_mut().zip(values) {
            field.line = Input::new(value.to_owned());
        }
        let empty = self.fields.iter().position(|field| field.value().is_empty());
        self.focus = empty.unwrap_or(self.focus);
    }

    /// What has to be typed before it is done.
    pub fn confirmation(&self) -> Confirmation {
        self.purpose.confirmation(self.protected)
    }

    /// Whether an answer to this ticket is waited for.
    pub fn waits_for(&self, ticket: Ticket) -> bool {
        matches!(self.stage, Stage::Checking(t) | Stage::Sending(t) if t == ticket)
    }

    /// What a key does.
    pub fn press(&mut self, key: Key) -> Step {
        match &mut self.stage {
            Stage::Filling => self.fill(key),
            Stage::Checking(_) => match key {
                Key::Esc => Step::Close,
                _ => Step::Stay,
            },
            // A write that is under way cannot be taken back.
            Stage::Sending(_) => match key {
                Key::Esc => Step::Leave,
                _ => Step::Stay,
            },
            Stage::Confirming(_, typed) => match key {
                Key::Esc => {
                    self.stage = Stage::Filling;
                    Step::Stay
                }
                Key::Char(_) | Key::Backspace | Key::Ctrl(_) => {
                    typing::press(typed, key);
                    if self.purpose.confirmation(self.protected) == Confirmation::Yes {
                        self.confirm()
                    } else {
                        Step::Stay
                    }
                }
                Key::Enter => self.confirm(),
                _ => Step::Stay,
            },
        }
    }

    /// Puts pasted text into the field under the keys.
    pub fn paste(&mut self, text: &str) {
        if let (Stage::Filling, Some(field)) = (&self.stage, self.fields.get_mut(self.focus)) {
            typing::paste(&mut field.line, text);
            self.review(self.focus);
        }
    }

    /// The dry run went well; `told` is what the service said.
    pub fn checked(&mut self, told: Vec<String>) {
        self.refusal = None;
        self.stage = Stage::Confirming(told, Input::default());
    }

    /// The service would not, or did not, do it.
    pub fn refused(&mut self, why: impl Into<NotDone>) {
        self.refusal = Some(why.into());
        self.stage = Stage::Filling;
    }

    fn fill(&mut self, key: Key) -> Step {
        let last = self.fields.len().saturating_sub(1);
        match key {
            Key::Esc => return Step::Close,
            Key::Enter => return self.submit(),
            Key::Tab | Key::Down => {
                self.review(self.focus);
                self.focus = if self.focus >= last { 0 } else { self.focus + 1 };
            }
            Key::BackTab | Key::Up => {
                self.review(self.focus);
                self.focus = if self.focus == 0 { last } else { self.focus - 1 };
            }
            key => {
                if let Some(field) = self.fields.get_mut(self.focus) {
                    typing::press(&mut field.line, key);
                    if field.mistake.is_some() {
                        self.review(self.focus);
                    }
                }
            }
        }
        Step::Stay
    }

    /// Looks one field over and notes its mistake.
    fn review(&mut self, place: usize) {
        let mistakes = self.purpose.request(&self.fields).err().unwrap_or_default();
        if let Some(field) = self.fields.get_mut(place) {
            field.mistake = mistakes.into_iter().find(|(at, _)| *at == place).map(|(_, why)| why);
        }
    }

    fn submit(&mut self) -> Step {
        for field in &mut self.fields {
            field.mistake = None;
        }
        self.refusal = None;
        match self.purpose.request(&self.fields) {
            Ok(request) if self.confirmation() == Confirmation::None => Step::Send(request),
            Ok(request) => Step::Check(request),
            Err(mistakes) => {
                if let Some((first, _)) = mistakes.iter().min_by_key(|(place, _)| *place) {
                    self.focus = *first;
                }
                for (place, why) in mistakes {
                    if let Some(field) = self.fields.get_mut(place) {
                        field.mistake = Some(why);
                    }
                }
                Step::Stay
            }
        }
    }

    fn confirm(&mut self) -> Step {
        let confirmation = self.confirmation();
        let Stage::Confirming(_, typed) = &mut self.stage else {
            return Step::Stay;
        };
        let right = match confirmation {
            Confirmation::None => true,
            Confirmation::Yes => matches!(typed.value().trim(), "y" | "Y"),
            Confirmation::Number(number, _) => typed.value().trim() == number.to_string(),
        };
        if !right {
            typed.reset();
            if let Confirmation::Number(_, what) = confirmation {
                self.refusal = Some(format!("that is not {what}; nothing was done").into());
            }
            return Step::Stay;
        }
        self.refusal = None;
        if let Ok(request) = self.purpose.request(&self.fields) {
            Step::Send(request)
        } else {
            self.stage = Stage::Filling;
            Step::Stay
        }
    }
}
