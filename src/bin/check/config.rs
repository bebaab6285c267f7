//! Which configuration wrangler would take, and what of it is deployed where.

use std::path::Path;

use bouncer::bouncer::POLICY;

use crate::document::{Format, Node};

/// The names under which wrangler looks for its configuration, in its order.
const FILES: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/// The binding of the objects, and their class.
const LEDGERS: (&str, &str) = ("LEDGERS", "Ledger");

/// A configuration file.
pub(crate) struct Config {
    pub(crate) file: String,
    root: Node,
}

/// Which of the environments in it are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All that have a policy, and what stands outside of environments.
    All,
    /// What stands outside of environments.
    Top,
    /// The one of this name.
    Named(String),
}

/// What is deployed under one name.
#[derive(Clone, Copy)]
pub(crate) struct Environment<'a> {
    config: &'a Config,
    /// Nothing outside of environments.
    pub(crate) name: Option<&'a str>,
    node: &'a Node,
}

// === impl Config ===

impl Config {
    /// Reads the file of this name, or the one that wrangler would find.
    pub(crate) fn read(named: Option<&str>) -> Result<Self, String> {
        let found = || FILES.into_iter().find(|file| Path::new(file).exists());
        let file = named.or_else(found).unwrap_or("wrangler.toml").to_owned();
        let root = Node::read(&file)?;
        Ok(Self { file, root })
    }

    /// The path of a file that is named in the configuration.
    pub(crate) fn beside(&self, file: &str) -> String {
        let folder = Path::new(&self.file).parent();
        let path = folder.map_or_else(|| file.into(), |folder| folder.join(file));
        path.to_string_lossy().into_owned()
    }

    /// The environments that are meant.
    pub(crate) fn environments(&self, wanted: &Wanted) -> Result<Vec<Environment<'_>>, String> {
        let top = Environment {
            config: self,
            name: None,
            node: &self.root,
        };
        let named = self.root.get("env").into_iter().flat_map(Node::fields);
        let named: Vec<_> = named
            .map(|(name, node)| Environment {
                config: self,
                name: Some(name),
                node,
            })
            .collect();
        match wanted {
            Wanted::Top => Ok(vec![top]),
            Wanted::Named(name) => {
                let found = named.iter().find(|each| each.name == Some(name));
                found.map(|found| vec![*found]).ok_or_else(|| {
                    let others: Vec<_> = named.iter().filter_map(|each| each.name).collect();
                    let there = if others.is_empty() {
                        "it has none".to_owned()
                    } else {
                        format!("it has {}", others.join(", "))
                    };
                    format!("{}: has no environment {name:?}; {there}", self.file)
                })
            }
            Wanted::All => {
                // Whoever has written policies for environments alone deploys nothing outside of them.
                let has_policy =
                    top.policy().is_some() || !named.iter().any(|each| each.policy().is_some());
                let top = has_policy.then_some(top);
                Ok(top.into_iter().chain(named).collect())
            }
        }
    }
}

// === impl Environment ===

impl<'a> Environment<'a> {
    /// What is written as its policy.
    pub(crate) fn policy(&self) -> Option<&'a Node> {
        self.node.at(&["vars", POLICY])
    }

    /// That it has none, and what to write.
    pub(crate) fn lacks_policy(&self) -> String {
        let path = self.path();
        let inherits = match self.name {
            Some(_) => ", and variables are not inherited",
            None => "",
        };
        let fields = self.node.get("vars").into_iter().flat_map(Node::fields);
        let mut alike = fields.filter(|(name, _)| name.eq_ignore_ascii_case(POLICY));
        if let Some((name, node)) = alike.next() {
            return format!(
                "{}found {name:?} in vars; write {POLICY:?}, in capital letters",
                self.prefix(node.line)
            );
        }
        let what = match Format::of(&self.config.file) {
            Format::Toml => format!("[{path}vars.{POLICY}]"),
            Format::Json => format!("\"{POLICY}\" in \"{path}vars\""),
        };
        format!(
            "{}has no policy{inherits}; write it under {what}",
            self.prefix(self.line())
        )
    }

    /// What is wrong with the bindings that a Worker with this policy needs.
    pub(crate) fn wrong_binding(&self) -> Option<String> {
        // What is no Worker yet need not have any.
        if self.name.is_none() && self.node.get("main").is_none() {
            return None;
        }
        let (name, class) = LEDGERS;
        let bindings = self.node.at(&["durable_objects", "bindings"]);
        let items = bindings.map(Node::items).unwrap_or_default();
        let text = |item: &'a Node, field: &str| item.get(field).and_then(Node::text);
        let found = items.iter().find(|item| text(item, "name") == Some(name));
        let path = self.path();
        let to_write = match Format::of(&self.config.file) {
            Format::Toml => format!(
                "[[{path}durable_objects.bindings]] with name = \"{name}\" and class_name = \"{class}\""
            ),
            Format::Json => format!(
                "{{ \"name\": \"{name}\", \"class_name\": \"{class}\" }} in \"{path}durable_objects.bindings\""
            ),
        };
        match found {
            None => {
                let inherits = match self.name {
                    Some(_) => " (bindings are not inherited)",
                    None => "",
                };
                Some(format!(
                    "{}binds no objects as {name}, so nothing could be counted; write {to_write}{inherits}",
                    self.prefix(self.line())
                ))
            }
            Some(item) if text(item, "class_name") != Some(class) => Some(format!(
                "{}binds {name} to the class {:?}, which is not the one that counts; write {to_write}",
                self.prefix(item.line),
                text(item, "class_name").unwrap_or_default()
            )),
            Some(_) => None,
        }
    }

    /// That the answers of the Worker are cached in front of it, if they are.
    pub(crate) fn cached(&self) -> Option<String> {
        // A setting of the entrypoint goes before that of the whole, and that of an environment before the inherited one.
        let nodes = [self.node, &self.config.root];
        let by_entrypoint = |node: &&'a Node| node.at(&["exports", "default", "cache", "enabled"]);
        let by_all = |node: &&'a Node| node.at(&["cache", "enabled"]);
        let setting = nodes.iter().find_map(by_entrypoint);
        let setting = setting.or_else(|| nodes.iter().find_map(by_all))?;
        setting.is_true().then(|| {
            format!(
                "{}caches the Worker's answers in front of it: what is cached is counted for nobody, and one client's answer goes \
                 to another; remove cache.enabled, or switch it off for the entrypoint \"default\"",
                self.prefix(setting.line)
            )
        })
    }

    /// Whether a service is bound under this name.
    pub(crate) fn is_bound(&self, name: &str) -> bool {
        let services = self.node.get("services").map(Node::items);
        let mut names = services.unwrap_or_default().iter();
        names.any(|service| service.get("binding").and_then(Node::text) == Some(name))
    }

    fn line(&self) -> Option<usize> {
        self.name.map(|_| self.node.line)
    }

    fn path(&self) -> String {
        self.name
            .map_or_else(String::new, |name| format!("env.{name}."))
    }

    fn prefix(&self, line: impl Into<Option<usize>>) -> String {
        let file = &self.config.file;
        let place = match line.into() {
            Some(line) => format!("{file}:{line}"),
            None => file.clone(),
        };
        format!("{place}: {}", self.label())
    }

    /// Whose it is, before what is said of it.
    pub(crate) fn label(&self) -> String {
        self.name
            .map_or_else(String::new, |name| format!("env.{name}: "))
    }
}
