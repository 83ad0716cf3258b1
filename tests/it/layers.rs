//! The structure of the source: which layer imports which, that no files import each other, and
//! what each layer must not contain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer with the layers that it may import. `cli` may import all.
const IMPORTS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("storage", &["domain"]),
    ("app", &["domain", "storage"]),
    ("store", &["domain", "storage"]),
    ("config", &["domain", "storage"]),
    ("output", &["domain"]),
];

/// Words that must not occur in the code of a layer.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "rusqlite",
            "std::fs",
            "std::env",
            "std::process",
            "Instant",
            "SELECT ",
            "UPDATE ",
            "DELETE ",
        ],
    ),
    ("storage", &["rusqlite", "std::fs", "std::env", "SELECT ", "UPDATE ", "DELETE "]),
    ("config", &["rusqlite", "std::fs", "std::env"]),
    ("app", &["rusqlite", "sqlite", "SELECT ", "UPDATE ", "DELETE ", "std::fs"]),
    ("store", &["std::env", ".verdict("]),
    ("output", &["rusqlite", "std::env", "println!"]),
    ("cli", &["rusqlite", "SELECT ", "UPDATE ", "DELETE ", "INSERT "]),
];

/// Layers whose messages know nothing of the command line.
const LIBRARY: &[&str] = &["domain", "storage", "app", "config", "store"];

/// Functions that read the wall clock.
const CLOCKS: &[&str] =
    &["SystemTime::now", "Utc::now", "Local::now", "strftime('now", "unixepoch("];

/// A module path from the root of the crate.
type ModulePath = Vec<String>;

/// A file of the source.
struct Module {
    file: PathBuf,
    code: String,
    /// The path that each imported name stands for, from the root of the crate.
    names: BTreeMap<String, ModulePath>,
    /// All paths that the file mentions.
    paths: Vec<ModulePath>,
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines of a file without comments and visibilities; removed lines are empty.
fn code(file: &Path) -> String {
    let text = fs::read_to_string(file).unwrap();
    let is_comment = |line: &str| line.trim_start().starts_with("//");
    let without_visibility = |line: &str| match line.split_once("pub(in ") {
        Some((start, rest)) => format!("{start}{}", rest.split_once(')').unwrap().1),
        None => line.to_owned(),
    };
    let code = |line| if is_comment(line) { String::new() } else { without_visibility(line) };
    text.lines().map(|line| code(line) + "\n").collect()
}

fn module_path(file: &Path) -> ModulePath {
    let path = file.strip_prefix("src").unwrap().with_extension("");
    let mut path: ModulePath = path.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if path.last().is_some_and(|last| last == "mod" || last == "lib" || last == "main") {
        path.pop();
    }
    path
}

/// The paths of a `use` declaration, with its braces expanded.
fn expand(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((prefix, rest)) = tree.split_once('{') else {
        return vec![tree.to_owned()];
    };
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for char in rest.chars().take(rest.rfind('}').unwrap()) {
        match char {
            ',' if depth == 0 => parts.push(String::new()),
            _ => {
                depth += i32::from(char == '{') - i32::from(char == '}');
                parts.last_mut().unwrap().push(char);
            }
        }
    }
    let parts = parts.iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| expand(part)).map(|part| format!("{prefix}{part}")).collect()
}

/// The path from the root of the crate, if it leads into this crate.
fn absolute(path: &str, module: &[String], children: &BTreeSet<&str>) -> Option<ModulePath> {
    let mut parts = path.split("::").map(str::trim).map(str::to_owned).peekable();
    let mut base = match parts.peek()?.as_str() {
        "crate" => Vec::new(),
        "self" => module.to_vec(),
        "super" => module[..module.len().checked_sub(1)?].to_vec(),
        child if children.contains(child) => {
            return Some(module.iter().cloned().chain(parts).collect());
        }
        _ => return None,
    };
    parts.next();
    while parts.next_if(|part| part == "super").is_some() {
        base.pop()?;
    }
    Some(base.into_iter().chain(parts.filter(|part| part != "self")).collect())
}

/// Paths that begin with `crate::` or `super::` anywhere in the code.
fn inline_paths(code: &str) -> Vec<String> {
    let is_path = |char: char| char.is_alphanumeric() || char == '_' || char == ':';
    let words = code.split(|char| !is_path(char));
    let words = words.filter(|word| word.starts_with("crate::") || word.starts_with("super::"));
    words.map(|word| word.trim_end_matches(':').to_owned()).collect()
}

fn module(file: &Path) -> Module {
    let (path, code) = (module_path(file), code(file));
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let declared = code.lines().filter(|line| line.ends_with(';') && !line.starts_with(' '));
    let children: Vec<Vec<String>> =
        declared.map(words).filter(|words| words.iter().any(|word| word == "mod")).collect();
    let children: BTreeSet<&str> =
        children.iter().map(|words| words.last().unwrap().trim_end_matches(';')).collect();
    let (mut names, mut paths) = (BTreeMap::new(), Vec::new());
    let mut rest = String::new();
    let mut lines = code.lines();
    while let Some(line) = lines.next() {
        let Some(tree) = ["use ", "pub use ", "pub(super) use ", "pub(crate) use "]
            .iter()
            .find_map(|start| line.strip_prefix(start))
        else {
            rest.push_str(line);
            rest.push('\n');
            continue;
        };
        let mut tree = tree.to_owned();
        while !tree.ends_with(';') {
            tree.push_str(lines.next().unwrap().trim());
        }
        for used in expand(tree.trim_end_matches(';')) {
            let (used, alias) = used.split_once(" as ").unwrap_or((&used, ""));
            let Some(used) = absolute(used, &path, &children) else { continue };
            let name = if alias.is_empty() { used.last().cloned() } else { Some(alias.to_owned()) };
            names.insert(name.unwrap_or_default(), used.clone());
            paths.push(used);
        }
    }
    paths.extend(inline_paths(&rest).iter().filter_map(|used| absolute(used, &path, &children)));
    Module { file: file.to_owned(), code, names, paths }
}

/// The source by module path.
fn modules() -> BTreeMap<ModulePath, Module> {
    let files = files(Path::new("src")).into_iter().filter(|file| !file.ends_with("main.rs"));
    files.map(|file| (module_path(&file), module(&file))).collect()
}

/// The module that defines what a path names; imports are followed to their source.
fn definition(modules: &BTreeMap<ModulePath, Module>, path: &[String], steps: usize) -> ModulePath {
    let length = (0..=path.len()).rev().find(|&length| modules.contains_key(&path[..length]));
    let (module, rest) = path.split_at(length.unwrap());
    let Some((name, rest)) = rest.split_first() else { return module.to_vec() };
    match modules[module].names.get(name) {
        Some(target) if steps > 0 && target != path => {
            let path: ModulePath = target.iter().chain(rest).cloned().collect();
            definition(modules, &path, steps - 1)
        }
        _ => module.to_vec(),
    }
}

/// The modules that each module takes something from.
fn imports(modules: &BTreeMap<ModulePath, Module>) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
    let imports = |(path, module): (&ModulePath, &Module)| {
        let targets = module.paths.iter().map(|used| definition(modules, used, 9));
        (path.clone(), targets.filter(|target| target != path).collect())
    };
    modules.iter().map(imports).collect()
}

/// The code lines that contain one of these words, as `file:line: word`.
fn occurrences(modules: &BTreeMap<ModulePath, Module>, layer: &str, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for module in modules.values().filter(|module| module.file.starts_with(format!("src/{layer}")))
    {
        for (number, line) in (1..).zip(module.code.lines()) {
            let words = words.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{}:{number}: {word}", module.file.display())));
        }
    }
    found
}

#[test]
fn each_layer_imports_only_the_layers_below_it() {
    let modules = modules();
    for (path, targets) in imports(&modules) {
        let layer = path.first().map_or("", String::as_str);
        let Some((_, allowed)) = IMPORTS.iter().find(|(name, _)| *name == layer) else { continue };
        for target in targets {
            let is_allowed = target[0] == layer || allowed.contains(&target[0].as_str());
            assert!(is_allowed, "{} imports {}", path.join("::"), target.join("::"));
        }
    }
}

#[test]
fn no_files_import_each_other() {
    let imports = imports(&modules());
    // Removes what imports nothing that is left, or is not imported, until only circles remain.
    let mut left: BTreeSet<&ModulePath> = imports.keys().collect();
    loop {
        let is_imported =
            |path: &ModulePath| left.iter().any(|other| imports[*other].contains(path));
        let imports_some =
            |path: &ModulePath| imports[path].iter().any(|target| left.contains(target));
        let in_circle = |path: &&ModulePath| imports_some(path) && is_imported(path);
        let next: BTreeSet<&ModulePath> = left.iter().copied().filter(in_circle).collect();
        if next.len() == left.len() {
            break;
        }
        left = next;
    }
    let lines = left.iter().map(|path| {
        let targets = imports[*path].iter().filter(|target| left.contains(target));
        format!(
            "{} -> {}",
            path.join("::"),
            targets.map(|path| path.join("::")).collect::<Vec<_>>().join(", ")
        )
    });
    assert!(left.is_empty(), "circular imports among:\n{}", lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn no_layer_contains_what_belongs_to_another() {
    let modules = modules();
    // Cargo runs only the tests in tests/.
    assert_eq!(occurrences(&modules, "", &["cfg(test)", "#[test]"]), Vec::<String>::new());
    for (layer, words) in FORBIDDEN {
        assert_eq!(occurrences(&modules, layer, words), Vec::<String>::new());
    }
    for layer in LIBRARY {
        let words = ["println!", "print!", "chrono::Local", "`sessctl "];
        assert_eq!(occurrences(&modules, layer, &words), Vec::<String>::new());
    }
}

#[test]
fn no_message_of_the_library_names_an_option_of_the_command() {
    let is_option = |line: &str| {
        let mut after = line.match_indices("--").map(|(at, _)| &line[at + 2..]);
        after.any(|rest| rest.starts_with(|char: char| char.is_ascii_lowercase()))
    };
    let modules = modules();
    for module in modules
        .iter()
        .filter(|(path, _)| path.first().is_some_and(|layer| LIBRARY.contains(&layer.as_str())))
    {
        for (number, line) in (1..).zip(module.1.code.lines()) {
            assert!(!is_option(line), "{}:{number}: {line}", module.1.file.display());
        }
    }
}

#[test]
fn one_file_reads_the_wall_clock_and_one_of_app_the_monotonic_clock() {
    let modules = modules();
    let wall = occurrences(&modules, "", CLOCKS);
    assert!(wall.len() == 1 && wall[0].contains("cli/clock.rs"), "{wall:?}");
    let monotonic = occurrences(&modules, "app", &["Instant::now", "thread::sleep"]);
    assert!(monotonic.iter().all(|place| place.contains("app/clock.rs")), "{monotonic:?}");
}
