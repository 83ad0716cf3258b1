use crate::support::Sandbox;

#[test]
fn a_build_without_the_view_says_how_to_get_it() {
    let refused = Sandbox::new().run(["top"]);
    refused.is_refused_with(2);
    assert!(refused.stderr().contains("cargo install sessctl --features top"));
}
