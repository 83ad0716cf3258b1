<?php
// One step of a framework: frameworks.php FUNCTION DATABASE STEP. The steps `create` and
// `judge` prepare the table and let the framework end what has expired; any other makes a row.

use Illuminate\Auth\Passwords\DatabaseTokenRepository;
use Illuminate\Cache\DatabaseLock;
use Illuminate\Cache\DatabaseStore;
use Illuminate\Contracts\Auth\CanResetPassword;
use Illuminate\Contracts\Auth\Guard;
use Illuminate\Database\Capsule\Manager;
use Illuminate\Session\DatabaseSessionHandler;
use Symfony\Component\HttpFoundation\Session\Storage\Handler\PdoSessionHandler;

function roundcube(string $database, string $step): void
{
    $share = getenv('RECORD_ROOT') . '/usr/share/roundcube';
    if ($step === 'create') {
        (new PDO("sqlite:$database"))->exec(file_get_contents("$share/SQL/sqlite.initial.sql"));
        return;
    }
    define('RCUBE_INSTALL_PATH', "$share/");
    define('RCUBE_CONFIG_DIR', getenv('RECORD_ROOT') . '/etc/roundcube/');
    require "$share/program/lib/Roundcube/bootstrap.php";
    $_SERVER['REMOTE_ADDR'] = '203.0.113.5';
    $config = rcube::get_instance()->config;
    $config->set('db_dsnw', "sqlite:///$database");
    $config->set('session_lifetime', 10);
    $session = new rcube_session_db($config);
    $session->set_lifetime(600);
    if ($step !== 'judge') {
        $session->write($step, 'language|s:5:"en_US";temp|b:1;');
        return;
    }
    foreach ((new PDO("sqlite:$database"))->query('SELECT sess_id FROM session')->fetchAll(PDO::FETCH_COLUMN) as $id) {
        $session->read($id);
    }
}

function mediawiki(string $database, string $step): void
{
    $share = getenv('RECORD_ROOT') . '/usr/share/mediawiki';
    if ($step === 'create') {
        $sql = file_get_contents("$share/maintenance/sqlite/tables-generated.sql");
        preg_match_all('~CREATE (?:TABLE|INDEX \w+ ON) /\*_\*/objectcache .*?;~s', $sql, $statements);
        (new PDO("sqlite:$database"))->exec(str_replace('/*_*/', '', implode("\n", $statements[0])));
        return;
    }
    define('MEDIAWIKI', true);
    define('MW_INSTALL_PATH', $share);
    require "$share/includes/AutoLoader.php";
    require "$share/includes/Defines.php";
    require "$share/includes/GlobalFunctions.php";
    $cache = new SqlBagOStuff(['keyspace' => 'wiki', 'purgePeriod' => 0, 'server' => [
        'type' => 'sqlite', 'dbname' => 'wiki', 'dbFilePath' => $database, 'tablePrefix' => '', 'flags' => 0,
    ]]);
    if ($step === 'judge') {
        $cache->deleteObjectsExpiringBefore(time());
        return;
    }
    [$key, $seconds] = explode(' ', $step);
    $cache->set($key, ['user' => 1], (int) $seconds);
}

/** A connection of Laravel's to the database. */
function laravel(string $database, string $prefix = ''): Illuminate\Database\Connection
{
    require_once 'Illuminate/Database/autoload.php';
    touch($database);
    $manager = new Manager();
    $manager->addConnection(['driver' => 'sqlite', 'database' => $database, 'prefix' => $prefix]);
    return $manager->getConnection();
}

function laravel_sessions(string $database, string $step): void
{
    require_once 'Illuminate/Session/autoload.php';
    $connection = laravel($database, 'app_');
    if ($step === 'create') {
        $connection->getSchemaBuilder()->create('users', function ($table) {
            $table->uuid('id')->primary();
            $table->string('name');
            $table->string('email')->unique();
            $table->rememberToken();
        });
        $connection->getSchemaBuilder()->create('sessions', function ($table) {
            $table->string('id')->primary();
            $table->foreignUuid('user_id')->nullable()->index();
            $table->string('ip_address', 45)->nullable();
            $table->text('user_agent')->nullable();
            $table->text('payload');
            $table->integer('last_activity')->index();
            $table->string('device')->nullable();
        });
        $users = ['0198c0de-0000-7000-8000-000000000011' => 'alice', '0198c0de-0000-7000-8000-000000000012' => 'bob'];
        foreach ($users as $id => $name) {
            $connection->table('users')->insert(['id' => $id, 'name' => ucfirst($name), 'email' => "$name@example.org"]);
        }
        return;
    }
    $container = new Illuminate\Container\Container();
    $handler = new DatabaseSessionHandler($connection, 'sessions', 120, $container);
    if ($step === 'judge') {
        $handler->gc(120 * 60);
        return;
    }
    [$id, $user] = explode(' ', $step) + [1 => null];
    $container->instance(Guard::class, new class ($user) {
        public function __construct(private ?string $user)
        {
        }

        public function id()
        {
            return $this->user;
        }
    });
    $container->instance('request', Illuminate\Http\Request::create('/', server: ['REMOTE_ADDR' => '203.0.113.7', 'HTTP_USER_AGENT' => 'Mozilla/5.0']));
    $handler->write($id, serialize(['_token' => 'x']));
}

function laravel_cache(string $database, string $step): void
{
    require_once 'Illuminate/Cache/autoload.php';
    $connection = laravel($database);
    $store = new DatabaseStore($connection, 'cache', 'laravel_cache_');
    if ($step === 'create') {
        $connection->getSchemaBuilder()->create('cache', function ($table) {
            $table->string('key')->primary();
            $table->mediumText('value');
            $table->integer('expiration')->index();
        });
    } elseif ($step === 'judge') {
        foreach ($connection->table('cache')->pluck('key') as $key) {
            $store->get(substr($key, strlen('laravel_cache_')));
        }
    } else {
        [$key, $seconds] = explode(' ', $step);
        $seconds === '-' ? $store->forever($key, 1) : $store->put($key, 1, (int) $seconds);
    }
}

function laravel_locks(string $database, string $step): void
{
    require_once 'Illuminate/Cache/autoload.php';
    $connection = laravel($database);
    if ($step === 'create') {
        $connection->getSchemaBuilder()->create('cache_locks', function ($table) {
            $table->string('key')->primary();
            $table->string('owner');
            $table->integer('expiration')->index();
        });
        return;
    }
    [$key, $seconds] = explode(' ', $step) + [1 => '10'];
    $lottery = $step === 'judge' ? [1, 1] : [0, 1];
    $lock = new DatabaseLock($connection, 'cache_locks', "laravel_cache_$key", (int) $seconds, "owner-of-$key", $lottery);
    $lock->acquire();
    if ($step === 'judge') {
        $lock->release();
    }
}

function laravel_resets(string $database, string $step): void
{
    require_once 'Illuminate/Auth/autoload.php';
    require_once 'Illuminate/Hashing/autoload.php';
    $connection = laravel($database);
    if ($step === 'create') {
        $connection->getSchemaBuilder()->create('password_reset_tokens', function ($table) {
            $table->string('email')->primary();
            $table->string('token');
            $table->timestamp('created_at')->nullable();
        });
        return;
    }
    $tokens = new DatabaseTokenRepository($connection, new Illuminate\Hashing\BcryptHasher(['rounds' => 4]), 'password_reset_tokens', 'key', 60);
    if ($step === 'judge') {
        $tokens->deleteExpired();
        return;
    }
    $tokens->create(new class ($step) implements CanResetPassword {
        public function __construct(private string $address)
        {
        }

        public function getEmailForPasswordReset()
        {
            return $this->address;
        }

        public function sendPasswordResetNotification($token)
        {
        }
    });
}

function symfony_sessions(string $database, string $step): void
{
    require_once 'Symfony/Component/HttpFoundation/autoload.php';
    ini_set('session.gc_maxlifetime', '1440');
    $handler = new PdoSessionHandler("sqlite:$database", ['lock_mode' => PdoSessionHandler::LOCK_NONE]);
    if ($step === 'create') {
        $handler->createTable();
        return;
    }
    $handler->open('', 'PHPSESSID');
    $step === 'judge' ? $handler->gc(1440) : $handler->write($step, '_sf2_attributes|a:1:{s:4:"user";s:5:"alice";}');
    $handler->close();
}

function symfony_tokens(string $database, string $step): void
{
    require_once 'Symfony/Bridge/Doctrine/autoload.php';
    require_once 'Doctrine/DBAL/autoload.php';
    require_once 'Symfony/Component/Security/Http/autoload.php';
    $connection = Doctrine\DBAL\DriverManager::getConnection(['driver' => 'pdo_sqlite', 'path' => $database]);
    $provider = new Symfony\Bridge\Doctrine\Security\RememberMe\DoctrineTokenProvider($connection);
    if ($step === 'create') {
        $schema = new Doctrine\DBAL\Schema\Schema();
        $provider->configureSchema($schema, $connection);
        foreach ($schema->toSql($connection->getDatabasePlatform()) as $sql) {
            $connection->executeStatement($sql);
        }
        return;
    }
    if ($step !== 'judge') {
        $provider->createNewToken(new Symfony\Component\Security\Core\Authentication\RememberMe\PersistentToken(
            'App\Entity\User', 'alice@example.org', $step, "value-of-$step", new DateTime()));
        return;
    }
    $users = new Symfony\Component\Security\Core\User\InMemoryUserProvider(['alice@example.org' => []]);
    $requests = new Symfony\Component\HttpFoundation\RequestStack();
    $requests->push(Symfony\Component\HttpFoundation\Request::create('/'));
    $handler = new Symfony\Component\Security\Http\RememberMe\PersistentRememberMeHandler(
        $provider, 'secret', $users, $requests, ['lifetime' => 7 * 86400, 'name' => 'REMEMBERME', 'path' => '/', 'domain' => null, 'secure' => false, 'httponly' => true, 'samesite' => null]);
    foreach ($connection->fetchAllAssociative('SELECT series, value FROM rememberme_token') as $row) {
        $details = new Symfony\Component\Security\Http\RememberMe\RememberMeDetails(
            'App\Entity\User', 'alice@example.org', 1, "{$row['series']}:{$row['value']}");
        try {
            $handler->consumeRememberMeCookie($details);
        } catch (Symfony\Component\Security\Core\Exception\AuthenticationException) {
            $provider->deleteTokenBySeries($row['series']);
        }
    }
}

[, $function, $database, $step] = $argv;
$function($database, $step);
