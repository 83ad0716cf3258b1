//! Escaping.

use sessctl::cli::report_page::markup::Html;

#[test]
fn text_cannot_become_markup() {
    let mut html = Html::new();
    html.leaf("td", &[("title", "\" onclick=\"x' <b>&")], "</td><script>x</script> & \u{202e}\0");
    assert_eq!(
        html.into_string(),
        "<td title=\"&quot; onclick=&quot;x&#39; &lt;b&gt;&amp;\">&lt;/td&gt;&lt;script&gt;x\
         &lt;/script&gt; &amp; \\u{202e}\\u{0}</td>"
    );
}
