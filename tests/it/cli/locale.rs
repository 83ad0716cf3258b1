//! Tests of `cli::locale`.

use sessctl::cli::locale;

#[test]
fn the_first_variable_that_is_set_names_the_locale() {
    let is_utf8 = |variables: &[(&str, &str)]| {
        locale::is_utf8(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    assert!(is_utf8(&[("LANG", "de_DE.UTF-8")]));
    assert!(is_utf8(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
    assert!(is_utf8(&[("LC_ALL", ""), ("LANG", "ca_ES.UTF-8@valencia")]));
    assert!(!is_utf8(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
    assert!(!is_utf8(&[("LANG", "de_DE.ISO-8859-15@euro")]));
    assert!(!is_utf8(&[]));
}
