<?php
// Records the fixtures named, or all: record.php DIRECTORY [NAME…]. See ./record.

require __DIR__ . '/fixtures.php';

const NOW = '2026-06-15 12:00:00';

/** Runs one step of a framework at a time of its own, in a process of its own. */
function at(string $time, array $fixture, string $database, string ...$step): void
{
    $words = array_merge($fixture['run'], [$database], $step);
    $command = getenv('RECORD_PHP') . ' ' . __DIR__ . '/frameworks.php';
    if (($fixture['in'] ?? 'php') === 'perl') {
        $command = 'perl ' . __DIR__ . '/frameworks.pl';
    }
    $command = 'LD_PRELOAD=' . getenv('RECORD_PRELOAD') . ' faketime -f ' . escapeshellarg($time) . " $command "
        . implode(' ', array_map('escapeshellarg', $words)) . ' 1>&2';
    passthru($command, $status);
    if ($status !== 0) {
        exit("$command failed\n");
    }
}

/** The values of the first column, as text. */
function column(PDO $db, string $sql): array
{
    return array_map('strval', $db->query($sql)->fetchAll(PDO::FETCH_COLUMN));
}

/** The schema of the tables and their rows, as SQL. */
function dump(PDO $db, array $tables): string
{
    $sql = '';
    foreach ($tables as $table) {
        $name = $db->quote($table);
        foreach (column($db, "SELECT sql FROM sqlite_schema WHERE tbl_name = $name AND sql NOT NULL ORDER BY type DESC, name") as $line) {
            $sql .= preg_replace(['/\s+/', '/ ?([(),]) ?(?=[(),]| |$)/'], [' ', '$1'], $line) . ";\n";
        }
        $names = column($db, "SELECT name FROM pragma_table_info($name)");
        $values = implode(" || ', ' || ", array_map(fn ($column) => "quote(\"$column\")", $names));
        foreach (column($db, "SELECT $values FROM \"$table\" ORDER BY rowid") as $row) {
            $sql .= "INSERT INTO \"$table\" VALUES ($row);\n";
        }
    }
    return $sql;
}

/** Makes the rows, lets the framework judge them, and returns the fixture. */
function record(string $name, array $fixture): string
{
    $database = sys_get_temp_dir() . "/record-$name-" . getmypid() . '.db';
    @unlink($database);
    at($fixture['steps'][0][0], $fixture, $database, 'create');
    foreach ($fixture['steps'] as [$time, $step]) {
        at($time, $fixture, $database, $step);
    }
    $db = new PDO("sqlite:$database");
    foreach ($fixture['also'] ?? [] as $sql) {
        $db->exec($sql);
    }
    $dump = dump($db, $fixture['tables']);
    $ids = "SELECT {$fixture['id']} FROM \"{$fixture['table']}\"";
    $before = column($db, $ids);
    $expected = column($db, "$ids WHERE {$fixture['predicate']} ORDER BY 1");
    unset($db);
    at(NOW, $fixture, $database, 'judge');
    $gone = array_values(array_diff($before, column(new PDO("sqlite:$database"), $ids)));
    sort($gone);
    if ($gone !== $expected) {
        exit("$name: the framework ended " . json_encode($gone) . ', the predicate ' . json_encode($expected) . "\n");
    }
    array_map('unlink', glob("$database*"));
    return header_of($name, $fixture, $gone) . $dump;
}

/** The text, with the version of each package that it names in braces. */
function with_versions(string $text): string
{
    return preg_replace_callback('/\{([\w-]+)\}/', function (array $match) {
        [$package] = glob(getenv('RECORD_ROOT') . "/../debs/$match[1]_*.deb");
        return preg_match('/_(?:\d+%3a)?([\d.]+\d)/', basename($package), $version) ? $version[1] : exit("no version in $package\n");
    }, $text);
}

function header_of(string $name, array $fixture, array $gone): string
{
    $lines = [
        'profile' => $fixture['profile'] ?? $name,
        'parameters' => $fixture['parameters'] ?? null,
        'verified' => with_versions($fixture['verified']),
        'table' => "{$fixture['table']}  id: {$fixture['id']}",
        'framework purge' => $fixture['purge'],
        'note' => $fixture['note'] ?? null,
        'fixture clock (now)' => '2026-06-15T12:00:00Z = unix 1781524800',
        'expired predicate at that clock' => $fixture['predicate'],
        'expected expired ids' => json_encode($gone, JSON_UNESCAPED_SLASHES),
    ];
    $header = '';
    foreach (array_filter($lines) as $key => $line) {
        $header .= "-- $key: $line\n";
    }
    return $header;
}

$directory = $argv[1];
foreach (array_slice($argv, 2) ?: array_keys(FIXTURES) as $name) {
    file_put_contents("$directory/$name.sql", record($name, FIXTURES[$name] ?? exit("no fixture $name\n")));
    echo "recorded $name\n";
}
