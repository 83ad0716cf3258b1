//! `sessctl show profiles`.

use crate::support::Sandbox;

#[test]
fn the_profiles_are_listed() {
    let sandbox = Sandbox::without_database();
    let listed = sandbox.run(["show", "profiles", "-o", "plain"]).succeeds().stdout();
    let is_short = |line: &&str| !line.contains(".about ") && !line.contains("_reason ");
    let lines: Vec<&str> = listed.lines().filter(is_short).collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    profile.authjs-drizzle.name authjs-drizzle
    profile.authjs-drizzle.framework Auth.js
    profile.authjs-drizzle.table session
    profile.authjs-drizzle.detected true
    profile.authjs-drizzle.readonly false
    profile.authjs-typeorm.name authjs-typeorm
    profile.authjs-typeorm.framework Auth.js
    profile.authjs-typeorm.table sessions
    profile.authjs-typeorm.detected true
    profile.authjs-typeorm.readonly false
    profile.better-auth.name better-auth
    profile.better-auth.framework Better Auth
    profile.better-auth.table session
    profile.better-auth.detected true
    profile.better-auth.readonly false
    profile.connect-sqlite3.name connect-sqlite3
    profile.connect-sqlite3.framework connect-sqlite3
    profile.connect-sqlite3.table sessions
    profile.connect-sqlite3.detected true
    profile.connect-sqlite3.readonly false
    profile.django.name django
    profile.django.framework Django
    profile.django.table django_session
    profile.django.detected true
    profile.django.readonly false
    profile.django-local.name django-local
    profile.django-local.framework Django
    profile.django-local.table django_session
    profile.django-local.parameters timezone
    profile.django-local.detected false
    profile.django-local.readonly false
    profile.flask-session.name flask-session
    profile.flask-session.framework Flask-Session
    profile.flask-session.table sessions
    profile.flask-session.detected true
    profile.flask-session.readonly false
    profile.gitea.name gitea
    profile.gitea.framework Gitea
    profile.gitea.table session
    profile.gitea.parameters lifetime
    profile.gitea.detected true
    profile.gitea.readonly true
    profile.laravel.name laravel
    profile.laravel.framework Laravel
    profile.laravel.table sessions
    profile.laravel.parameters lifetime
    profile.laravel.detected true
    profile.laravel.readonly false
    profile.rails.name rails
    profile.rails.framework Ruby on Rails
    profile.rails.table sessions
    profile.rails.parameters lifetime
    profile.rails.detected true
    profile.rails.readonly false
    profile.scs.name scs
    profile.scs.framework SCS
    profile.scs.table sessions
    profile.scs.detected true
    profile.scs.readonly false
    profile.spring-session.name spring-session
    profile.spring-session.framework Spring Session
    profile.spring-session.table SPRING_SESSION
    profile.spring-session.detected true
    profile.spring-session.readonly false
    profile.symfony.name symfony
    profile.symfony.framework Symfony
    profile.symfony.table sessions
    profile.symfony.detected true
    profile.symfony.readonly false
    profile.tower-sessions.name tower-sessions
    profile.tower-sessions.framework tower-sessions
    profile.tower-sessions.table tower_sessions
    profile.tower-sessions.detected true
    profile.tower-sessions.readonly false
    ");
    let json = sandbox.run(["show", "profiles", "--json"]).succeeds().json();
    let profile = |name: &str| {
        json.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(profile("laravel")["parameters"], "lifetime");
    assert_eq!(profile("django")["parameters"], serde_json::Value::Null);
    assert_eq!(profile("gitea")["readonly"], true);
    assert!(profile("gitea")["readonly_reason"].is_string());
    for format in ["table", "csv", "jsonl"] {
        let text = sandbox.run(["show", "profiles", "-o", format]).succeeds().stdout();
        assert!(text.contains("django_session"), "{format}");
    }
    sandbox.run(["show", "profiles", "-o", "prometheus"]).is_refused_with(2);
}

#[test]
fn a_profile_is_printed_verbatim() {
    let sandbox = Sandbox::without_database();
    let text = sandbox.run(["show", "profiles", "django"]).succeeds().stdout();
    assert!(text.contains("table = \"django_session\"\n"), "{text}");
    // What is printed can be taken for a profile.
    sandbox.file("mine.toml", &text);
    assert_eq!(sandbox.run(["show", "profiles", "mine.toml"]).succeeds().stdout(), text);
    let json = sandbox.run(["show", "profiles", "rails", "--json"]).succeeds().json();
    assert_eq!(json.as_array().unwrap().len(), 1);
    assert_eq!(json[0]["name"], "rails");
    sandbox.run(["show", "profiles", "imap"]).is_refused_with(2);
}
