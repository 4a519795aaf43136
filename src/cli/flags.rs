//! Flags that are made of the descriptions of settings, and what was given for them: entries that are laid over the file.

use crate::config::GROUPS;
use crate::settings::{Entry, Flag, Flags, Key, Kind};
use crate::suggest::synonym;
use clap::builder::{OsStringValueParser, PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;

/// A flag of a subcommand: the setting, and the words of the help where they are others there.
#[derive(Clone, Copy)]
pub struct FlagSpec {
    section: &'static str,
    key: &'static Key,
    flag: Flag,
    /// Without the default.
    help: &'static str,
}

/// The flags that a subcommand takes. It takes none that it would ignore.
pub trait FlagSet: 'static {
    /// Each of them, in the order of `--help`.
    fn flags() -> Vec<FlagSpec>;
}

/// The flags of all settings of `section` that have one.
pub fn all_of(section: &str) -> Vec<FlagSpec> {
    let groups = GROUPS.iter().filter(|group| group.name == section);
    let keys = groups.flat_map(|group| group.all().map(|key| (group.name, key)));
    keys.filter_map(|(section, key)| Some(FlagSpec { section, key, flag: key.flag?, help: key.help })).collect()
}

/// The same without those that only `run` has.
pub fn checked(section: &str) -> Vec<FlagSpec> {
    all_of(section).into_iter().filter(|spec| !spec.flag.only_run).collect()
}

/// The flags of these `keys` of `section`.
pub fn only(section: &str, keys: &[&str]) -> Vec<FlagSpec> {
    all_of(section).into_iter().filter(|spec| keys.contains(&spec.key.name)).collect()
}

impl FlagSpec {
    /// The same with another help and heading, as the flag means in this subcommand.
    pub fn saying(self, help: &'static str, heading: &'static str) -> Self {
        Self { help, flag: Flag { heading, ..self.flag }, ..self }
    }

    /// Whether it sets one of `keys`.
    pub fn sets(&self, keys: &[&str]) -> bool {
        keys.contains(&self.key.name)
    }

    fn id(&self) -> &'static str {
        self.flag.name.trim_start_matches('-')
    }

    fn is_switch(&self) -> bool {
        matches!(self.key.kind, Kind::Switch) && self.flag.value.is_empty()
    }

    fn arg(&self) -> Arg {
        let arg = Arg::new(self.id()).long(self.id()).help_heading(self.flag.heading);
        // a flag that takes no value is off where it is not given
        let help = if self.is_switch() { self.help.to_owned() } else { self.key.with_default(self.help) };
        let arg = arg.help(help);
        let arg = match self.flag.group {
            Some(group) => arg.group(group),
            None => arg,
        };
        let arg = match self.flag.requires {
            Some(group) => arg.requires(group),
            None => arg,
        };
        if self.is_switch() {
            return arg.action(ArgAction::SetTrue);
        }
        let arg = arg.value_name(self.flag.value).value_parser(Reader(self.key.kind));
        match self.key.kind {
            Kind::Switch => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
            Kind::Variables | Kind::Options(..) | Kind::Patterns => arg.action(ArgAction::Append),
            Kind::Time | Kind::Span | Kind::Three(..) => arg.allow_hyphen_values(true),
            Kind::Whole(..) | Kind::AtLeastOne | Kind::Mode | Kind::Choice(_) => arg.allow_negative_numbers(true),
            _ => arg,
        }
    }
}

/// The flags that `C` chooses, as far as they were given.
pub struct FlagArgs<C> {
    /// The entries.
    pub flags: Flags,
    choice: PhantomData<C>,
}

impl<C> fmt::Debug for FlagArgs<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flags.fmt(f)
    }
}

impl<C: FlagSet> Args for FlagArgs<C> {
    fn augment_args(command: Command) -> Command {
        command.args(C::flags().iter().map(FlagSpec::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: FlagSet> FromArgMatches for FlagArgs<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Flags::default();
        for spec in C::flags() {
            let mut add = |value: OsString| {
                flags.add(Entry { section: spec.section, key: spec.key.name, flag: spec.flag.name, value });
            };
            if spec.is_switch() {
                if matches.get_flag(spec.id()) {
                    add("true".into());
                }
            } else {
                matches.get_many::<OsString>(spec.id()).into_iter().flatten().cloned().for_each(add);
            }
        }
        Ok(Self { flags, choice: PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Checks a flag's value and keeps it as it was given; suggests `qnn` to who writes `npu`.
#[derive(Clone)]
pub struct Reader(Kind);

impl TypedValueParser for Reader {
    type Value = OsString;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<OsString, clap::Error> {
        let kind = self.0;
        match kind {
            Kind::Path | Kind::PathOr(_) => PathBufValueParser::new().parse_ref(command, arg, value).map(OsString::from),
            Kind::Choice(_) => self.words().parse_ref(command, arg, value).map(OsString::from).map_err(|mut error| {
                if let Some(meant) = synonym(&value.to_string_lossy(), &kind.words()) {
                    error.insert(ContextKind::SuggestedValue, ContextValue::String(meant.to_owned()));
                }
                error
            }),
            _ => {
                let check = move |text: OsString| match text.to_str() {
                    Some(known) => kind.of_text(known).map(|_| text),
                    None => Err("it is not UTF-8".to_owned()),
                };
                OsStringValueParser::new().try_map(check).parse_ref(command, arg, value)
            }
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let Kind::Choice(choices) = self.0 else { return None };
        Some(Box::new(choices.names().into_iter().map(possible)))
    }
}

impl Reader {
    /// What reads a value of `key` of `section`.
    pub fn of(section: &str, key: &str) -> Self {
        Self(only(section, &[key]).first().map_or(Kind::Text, |spec| spec.key.kind))
    }

    fn words(&self) -> PossibleValuesParser {
        let Kind::Choice(choices) = self.0 else { return PossibleValuesParser::from(Vec::<PossibleValue>::new()) };
        choices.names().into_iter().map(possible).collect::<Vec<_>>().into()
    }
}

fn possible((name, help): (&'static str, &'static str)) -> PossibleValue {
    let value = PossibleValue::new(name);
    if help.is_empty() { value } else { value.help(help) }
}
