use sessctl::domain::report_name::{ReportFormat, ReportName};

use crate::support::NOW;

fn name(text: &str) -> ReportName {
    text.parse().unwrap()
}

fn error(text: &str) -> String {
    text.parse::<ReportName>().unwrap_err().to_string()
}

#[test]
fn a_report_has_an_absolute_path_that_says_its_format() {
    for page in
        ["/r.html", "/srv/a b/r.html", "/srv/%{database}/r-%Y-%m-%d.html", "/%Y%m%dT%H.html"]
    {
        assert_eq!((name(page).as_str(), name(page).format()), (page, ReportFormat::Page));
    }
    assert_eq!(name("/srv/r-%{database}.txt").format(), ReportFormat::Text);
    for relative in ["", "r.html", "srv/r.html", "./r.html", "~/r.html", "%{database}/r.html"] {
        assert!(error(relative).contains("use an absolute path"), "{relative}");
    }
    for unknown in ["/srv/r", "/srv/r.pdf", "/srv/.html", "/srv/.txt", "/srv/r.html/", "/"] {
        assert!(error(unknown).contains("ends in .html, or in .txt"), "{unknown}");
    }
    for other in ["/%Y/r.html", "/%m.html", "/%Y%Y.html", "/100%.html", "/%{db}.html", "/%d/r.txt"]
    {
        assert!(error(other).contains("%Y-%m-%d or %Y-%m-%dT%H"), "{other}");
    }
}

#[test]
fn the_path_is_that_of_the_database_and_of_the_date_in_utc() {
    let general = name("/srv/%{database}/%{database}-%Y-%m-%dT%H.html");
    assert!(general.has_database());
    let own = general.for_database("shop-1.db");
    assert!(!own.has_database());
    assert_eq!(own.at(NOW), "/srv/shop-1.db/shop-1.db-2026-06-15T12.html");
    assert_eq!(name("/srv/r.html").at(NOW), "/srv/r.html");
}
