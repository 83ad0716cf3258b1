//! Short names of the programs of clients.

/// Bytes of a text that are considered: longer ones are not what programs send.
const MAX_BYTES: usize = 1_024;
/// Characters of a short name that is taken from the text itself.
const MAX_CHARS: usize = 24;

/// Marks of programs, the ones that imitate others first: Edge's text contains those of Chrome and
/// of Safari.
const PROGRAMS: &[(&str, &str)] = &[
    ("Outlook", "Outlook"),
    ("MSOffice", "Outlook"),
    ("Thunderbird/", "Thunderbird"),
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("Edge/", "Edge"),
    ("OPR/", "Opera"),
    ("OPT/", "Opera"),
    ("OPiOS/", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("UCBrowser/", "UC Browser"),
    ("HuaweiBrowser/", "Huawei Browser"),
    ("MiuiBrowser/", "Mi Browser"),
    ("DuckDuckGo/", "DuckDuckGo"),
    ("Ddg/", "DuckDuckGo"),
    ("FBAN/", "Facebook"),
    ("FBAV/", "Facebook"),
    ("Instagram ", "Instagram"),
    ("SeaMonkey/", "SeaMonkey"),
    ("PaleMoon/", "Pale Moon"),
    ("FxiOS/", "Firefox"),
    ("Focus/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("Electron/", "Electron"),
    ("HeadlessChrome/", "Headless Chrome"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Trident/", "Internet Explorer"),
    ("MSIE ", "Internet Explorer"),
    ("Konqueror/", "Konqueror"),
];

/// Marks of systems, the specific ones first: Android's text contains Linux, too.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iphone", "iPhone"),
    ("iPad", "iPad"),
    ("iPod", "iPod"),
    ("iOS", "iOS"),
    ("Windows Phone", "Windows Phone"),
    ("Android", "Android"),
    ("android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),
    ("PlayStation", "PlayStation"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("macOS", "macOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("Linux", "Linux"),
    ("X11", "Unix"),
];

/// Names of engines and of compatibility, which say nothing about the program.
const ENGINES: &[&str] =
    &["Mozilla", "AppleWebKit", "Gecko", "Version", "Mobile", "Safari", "KHTML", "Build"];

/// Short name of a client's program, as people know it: `Firefox, Windows`. The argument is
/// usually the text of the header User-Agent.
///
/// 1. A robot goes by its own name: `Googlebot`.
/// 2. A browser or a mail program that is known goes by its name, and the system follows if it is
///    known.
/// 3. A program that only calls itself one goes by the name before its version: `curl`.
/// 4. Of any other text, the first words remain.
///
/// Versions are left out, so that the names group sessions by program.
pub fn short_agent(agent: &str) -> String {
    let text = prefix(agent.trim_start());
    let program = robot(text).or_else(|| known_program(text)).or_else(|| own_name(text));
    let Some(program) = program else { return first_words(text) };
    match system(text).filter(|_| robot(text).is_none()) {
        Some(system) if !program.contains(system) => format!("{program}, {system}"),
        _ => program,
    }
}

/// Beginning of a text that is long enough to recognize a program.
fn prefix(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_BYTES)]
}

fn find(marks: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    marks.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
}

fn system(text: &str) -> Option<&'static str> {
    find(SYSTEMS, text)
}

/// Names before a slash: `Firefox` of `Firefox/52.0`.
fn products(text: &str) -> impl Iterator<Item = &str> {
    let is_outside = |letter: char| !letter.is_ascii_alphanumeric() && !"-_.+/".contains(letter);
    let pieces = text.split(is_outside);
    pieces.filter_map(|piece| piece.split_once('/')).filter_map(|(name, version)| {
        let is_version = version.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic());
        (is_name && is_version).then_some(name)
    })
}

fn robot(text: &str) -> Option<String> {
    const ROBOTS: &[&str] = &["bot", "crawl", "spider", "slurp", "externalhit"];
    let is_robot = |name: &&str| {
        let name = name.to_ascii_lowercase();
        ROBOTS.iter().any(|mark| name.contains(mark))
    };
    products(text).find(is_robot).map(cut)
}

fn known_program(text: &str) -> Option<String> {
    let is_browser = text.starts_with("Mozilla/") || text.starts_with("Opera/");
    let is_mail = text.starts_with("Microsoft Office/") || text.starts_with("Outlook");
    if !is_browser && !is_mail {
        return None;
    }
    find(PROGRAMS, text).map(str::to_owned).or_else(|| {
        if !text.contains("Safari/") || text.contains("compatible;") {
            return None;
        }
        let is_old_android = text.contains("Android") && text.contains("Version/");
        Some(if is_old_android { "Android Browser" } else { "Safari" }.to_owned())
    })
}

/// Name that a program gives itself before its version, unless it is that of an engine.
fn own_name(text: &str) -> Option<String> {
    let first = text.split(' ').next().unwrap_or_default();
    if !first.contains('/') {
        return None;
    }
    let own = products(text).find(|name| !ENGINES.contains(name));
    let engine = || text.contains("AppleWebKit/").then_some("WebKit");
    let is_own = |name: &&str| text.starts_with("Mozilla/") || text.starts_with(name);
    own.filter(is_own).or_else(engine).map(cut)
}

/// First words of a text that names no program.
fn first_words(text: &str) -> String {
    cut(&text.split_whitespace().collect::<Vec<&str>>().join(" "))
}

fn cut(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MAX_CHARS) else { return text.to_owned() };
    let start = &text[..end];
    // A word that is longer than the name is cut within it.
    let start = start.rsplit_once(' ').map_or(start, |(words, _)| words);
    format!("{start}...")
}
