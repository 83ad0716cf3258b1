//! Tests of `domain::agent`.

use sessctl::domain::agent::short_agent;

const AGENTS: &[(&str, &str)] = &[
    // Firefox
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "Firefox, Windows",
    ),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:52.0) Gecko/20100101 Firefox/52.0", "Firefox, Linux"),
    ("Mozilla/5.0 (Android 14; Mobile; rv:139.0) Gecko/139.0 Firefox/139.0", "Firefox, Android"),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/139.0 Mobile/15E148 Safari/605.1.15",
        "Firefox, iPhone",
    ),
    // Chrome
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
        "Chrome, Windows",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36",
        "Chrome, Android",
    ),
    (
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36",
        "Chrome, ChromeOS",
    ),
    (
        "Mozilla/5.0 (iPad; CPU OS 17_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/137.0.7151.51 Mobile/15E148 Safari/604.1",
        "Chrome, iPad",
    ),
    (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/125.0.6422.60 Safari/537.36",
        "Headless Chrome, Linux",
    ),
    // Edge
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36 Edg/137.0.0.0",
        "Edge, Windows",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/70.0.3538.102 Safari/537.36 Edge/18.19045",
        "Edge, Windows",
    ),
    (
        "Mozilla/5.0 (Linux; Android 10; HD1913) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Mobile Safari/537.36 EdgA/136.0.3240.91",
        "Edge, Android",
    ),
    // Safari
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
        "Safari, macOS",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
        "Safari, iPhone",
    ),
    // Opera
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/135.0.0.0 Safari/537.36 OPR/119.0.0.0",
        "Opera, Windows",
    ),
    ("Opera/9.80 (Windows NT 6.1; WOW64) Presto/2.12.388 Version/12.18", "Opera, Windows"),
    // Samsung Internet, and others for Android
    (
        "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
        "Samsung Internet, Android",
    ),
    (
        "Mozilla/5.0 (Linux; U; Android 4.4.2; en-us; SCH-I535 Build/KOT49H) AppleWebKit/534.30 (KHTML, like Gecko) Version/4.0 Mobile Safari/534.30",
        "Android Browser",
    ),
    ("Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A.230901.001)", "Dalvik, Android"),
    // Old Internet Explorer
    (
        "Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "Internet Explorer, Windows",
    ),
    ("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)", "Internet Explorer, Windows"),
    // Robots
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "Googlebot"),
    (
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.6422.60 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Googlebot",
    ),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0.1938.76 Safari/537.36",
        "bingbot",
    ),
    (
        "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)",
        "Baiduspider",
    ),
    (
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "facebookexternalhit",
    ),
    (
        "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36",
        "Chrome, Android",
    ),
    // Programs and libraries
    ("curl/8.14.1", "curl"),
    ("curl", "curl"),
    ("python-requests/2.32.3", "python-requests"),
    ("okhttp/4.12.0", "okhttp"),
    ("Go-http-client/2.0", "Go-http-client"),
    ("Wget/1.21.3", "Wget"),
    ("Apache-HttpClient/4.5.14 (Java/17.0.11)", "Apache-HttpClient"),
    ("Shop/3.1 CFNetwork/1568.300.101 Darwin/24.2.0", "Shop"),
    ("Mozilla/5.0 (iOS) Nextcloud-iOS/6.5.0", "Nextcloud-iOS"),
    ("Mozilla/5.0 (Windows) mirall/3.16.4 (Nextcloud, windows-10.0.26100)", "mirall, Windows"),
    // Mail
    (
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.11.0",
        "Thunderbird, Linux",
    ),
    (
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)",
        "Outlook, Windows",
    ),
    (
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; Microsoft Outlook 16.0.17928; ms-office; MSOffice 16)",
        "Outlook, Windows",
    ),
    ("Outlook-iOS/728.4319507.prod.iphone (4.28.0)", "Outlook, iPhone"),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        "WebKit, macOS",
    ),
    // What is none of these
    ("Mozilla/5.0", "Mozilla/5.0"),
    ("Alice's phone", "Alice's phone"),
    ("  Alice's\tphone\n", "Alice's phone"),
    ("the tablet on the desk in the kitchen", "the tablet on the desk..."),
    ("aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd", "aaaaaaaaaabbbbbbbbbbcccc..."),
    ("/", "/"),
    ("(", "("),
    ("", ""),
    ("Mozilla/5.0 (", "Mozilla/5.0 ("),
];

#[test]
fn programs_are_known_by_their_names() {
    for (agent, short) in AGENTS {
        assert_eq!(short_agent(agent), *short, "{agent}");
    }
}

#[test]
fn a_hostile_text_stays_short() {
    let long = |part: &str| part.repeat(10_000_000 / part.len());
    let texts = [
        long("a"),
        long(" "),
        long("/"),
        long("Mozilla/5.0 ("),
        long("bot/1 "),
        long("\u{202e}\u{1b}[31m"),
        long("ä"),
        format!("Mozilla/5.0 {} Firefox/52.0", long("x")),
        format!("{}/1", long("bot")),
    ];
    for text in &texts {
        let short = short_agent(text);
        let start = text.chars().take(10).collect::<String>();
        assert!(short.chars().count() <= 40, "{start:?}: {} characters", short.chars().count());
    }
}
