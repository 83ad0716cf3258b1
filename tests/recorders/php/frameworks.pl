# One step of Catalyst: frameworks.pl STORE DATABASE STEP. STORE is DBI or DBIC. The steps
# `create` and `judge` create the table and call delete_expired_sessions; any other makes a row.
use strict;
use warnings;

our ( $store, $database, $step ) = @ARGV;

if ( $step eq 'create' ) {
    require DBI;
    DBI->connect("dbi:SQLite:dbname=$database")->do(
        $store eq 'DBI'
        ? 'CREATE TABLE sessions (id char(72) primary key, session_data text, expires int(10))'
        : 'CREATE TABLE sessions (id CHAR(72) PRIMARY KEY, session_data TEXT, expires INTEGER)'
    );
    exit;
}

package Shop::Session;
BEGIN { $INC{'Shop/Session.pm'} = 1 }
use base 'DBIx::Class';
__PACKAGE__->load_components('Core');
__PACKAGE__->table('sessions');
__PACKAGE__->add_columns(qw(id session_data expires));
__PACKAGE__->set_primary_key('id');

package Shop::Schema;
use base 'DBIx::Class::Schema';
__PACKAGE__->register_class( Session => 'Shop::Session' );
my $schema;
sub session_rows { ( $schema ||= __PACKAGE__->connect("dbi:SQLite:dbname=$database") )->resultset('Session') }

package Shop::Controller::Root;
BEGIN { $INC{'Shop/Controller/Root.pm'} = 1 }
use Moose;
BEGIN { extends 'Catalyst::Controller' }
__PACKAGE__->config( namespace => '' );

sub visit : Path('visit') {
    my ( $self, $c ) = @_;
    $c->session->{user} = 'alice';
    $c->flash->{note}   = 'saved' if $step =~ / flash/;
    $c->response->body('ok');
}

sub other : Path('other') {
    my ( $self, $c ) = @_;
    $c->store_session_data( 'other:settings', { a => 1 } );
    $c->response->body('ok');
}

sub purge : Path('purge') {
    my ( $self, $c ) = @_;
    $c->delete_expired_sessions;
    $c->response->body('ok');
}

package Shop;
BEGIN { $INC{'Shop.pm'} = 1 }
use Moose;
use Catalyst ( 'Session', "Session::Store::$ARGV[0]", 'Session::State::Cookie' );
extends 'Catalyst';
sub generate_session_id { ( split ' ', $step )[0] }
sub model { my ( $c, $name ) = @_; ( $name || '' ) eq 'Session' ? Shop::Schema->session_rows : $c->SUPER::model($name) }
__PACKAGE__->config(
    'Plugin::Session' => {
        expires    => 3600,
        dbi_dsn    => "dbi:SQLite:dbname=$database",
        dbic_class => 'Session',
    },
);
__PACKAGE__->setup;
__PACKAGE__->setup_finished(1);

package main;
use Catalyst::Test 'Shop';
my $response = request( $step eq 'judge' ? '/purge' : $step eq 'other' ? '/other' : '/visit' );
die $response->as_string unless $response->is_success;
