#!/usr/bin/env bash
# Runs every test: installs what is missing (on Debian, as root or with sudo), starts the databases and brokers that are not
# running, builds once, and runs the tests of the whole workspace.
#
#   POMBO_REQUIRE_ALL=1      a test that would be skipped for want of a service fails (set when CI=true)
#   POMBO_TEST_POSTGRES_URL  a PostgreSQL to use instead of the local one; the role may create databases
#   POMBO_TEST_MYSQL_URL     a MySQL or MariaDB to use instead of the local one; likewise
#   POMBO_TEST_INSTALL=0     install nothing
#   POMBO_SOAK_SECONDS       how long the traffic of the soak lasts; default 60, and 600 when CI=true
#   POMBO_CHAOS_SECONDS      how long the accounts of the chaos test chat; default 30
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=scripts/step.sh
source scripts/step.sh

if [ "${CI:-}" = true ]; then
    export POMBO_REQUIRE_ALL=1
    export POMBO_SOAK_SECONDS=${POMBO_SOAK_SECONDS:-600}
fi

# as_root COMMAND...: fails when we are not root and may not become root without being asked for a password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

# as_user USER COMMAND...
as_user() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u "$1" -- "${@:2}"
    else
        sudo -n -u "$1" "${@:2}"
    fi
}

# lacking TEXT: what to do without something. Not fatal, unless everything is required.
lacking() {
    echo "MISSING: $1" >&2
    if [ "${POMBO_REQUIRE_ALL:-0}" = 1 ]; then
        return 1
    fi
}

# wait_for SECONDS COMMAND...
wait_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            return 1
        fi
        sleep 0.5
    done
}

# has COMMAND: also finds what only root has in its path.
has() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null
}

system_packages() {
    local missing=()
    has nginx || missing+=(nginx-light)
    has chromium || missing+=(chromium)
    has chromedriver || missing+=(chromium-driver)
    has node || missing+=(nodejs)
    has npm || missing+=(npm)
    has python3 || missing+=(python3)
    # For the certificates of the tests, and for a foreign client that knows no TLS but OpenSSL.
    has openssl || missing+=(openssl)
    has pkg-config || missing+=(pkg-config)
    has curl || missing+=(curl)
    pkg-config --exists openssl 2>/dev/null || missing+=(libssl-dev)
    python3 -c 'import venv, ensurepip' 2>/dev/null || missing+=(python3-venv)
    if [ -z "${POMBO_TEST_POSTGRES_URL:-}" ]; then
        has pg_ctlcluster || missing+=(postgresql)
    fi
    if [ -z "${POMBO_TEST_MYSQL_URL:-}" ]; then
        has mariadbd || missing+=(mariadb-server)
    fi
    has rabbitmq-server || missing+=(rabbitmq-server)
    has nats-server || missing+=(nats-server)
    has mosquitto || missing+=(mosquitto)
    has ffmpeg || missing+=(ffmpeg)
    has microsocks || missing+=(microsocks)
    has socat || missing+=(socat)
    has tinyproxy || missing+=(tinyproxy-bin)
    if [ "${#missing[@]}" -eq 0 ]; then
        echo "nothing is missing"
    elif [ "${POMBO_TEST_INSTALL:-1}" = 0 ] || ! has apt-get || ! as_root true 2>/dev/null; then
        lacking "the packages ${missing[*]}: they cannot be installed here"
    else
        echo "installing ${missing[*]}"
        as_root apt-get update -q
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
    fi
}

# psql as whoever may create roles: over TCP where that is trusted, else as the system's user.
postgres_admin() {
    if psql -w -h 127.0.0.1 -p "$PGPORT" -U postgres -d postgres -c 'SELECT 1' >/dev/null 2>&1; then
        psql -w -h 127.0.0.1 -p "$PGPORT" -U postgres -d postgres -v ON_ERROR_STOP=1 -qAt "$@"
    else
        as_user postgres psql -p "$PGPORT" -d postgres -v ON_ERROR_STOP=1 -qAt "$@"
    fi
}

# The port of the local PostgreSQL: the usual one when it answers, else that of the first cluster, running or not.
postgres_port() {
    local port
    if pg_isready -q -h 127.0.0.1 -p 5432; then
        port=5432
    else
        read -r _ _ port _ < <(pg_lsclusters -h)
    fi
    echo "$port"
}

postgres() {
    if ! pg_isready -q -h 127.0.0.1 -p "$PGPORT"; then
        local version name
        read -r version name _ < <(pg_lsclusters -h)
        echo "starting PostgreSQL $version"
        as_root pg_ctlcluster --skip-systemctl-redirect "$version" "$name" start
        wait_for 60 pg_isready -q -h 127.0.0.1 -p "$PGPORT"
    fi
    if [ -z "$(postgres_admin -c "SELECT 1 FROM pg_roles WHERE rolname = 'pombo_test'")" ]; then
        postgres_admin -c "CREATE ROLE pombo_test LOGIN CREATEDB PASSWORD 'pombo_test'"
    fi
    if [ -z "$(postgres_admin -c "SELECT 1 FROM pg_database WHERE datname = 'pombo_test'")" ]; then
        postgres_admin -c 'CREATE DATABASE pombo_test OWNER pombo_test'
    fi
    psql -w "$POSTGRES_URL" -qAtc 'SELECT version()'
}

mysql_admin() {
    if mariadb -u root -e 'SELECT 1' >/dev/null 2>&1; then
        mariadb -u root "$@"
    else
        as_root mariadb -u root "$@"
    fi
}

mysql() {
    if ! mariadb-admin -h 127.0.0.1 ping >/dev/null 2>&1; then
        echo "starting MariaDB"
        as_root install -d -o mysql -g mysql -m 0755 /run/mysqld
        as_root start-stop-daemon --start --oknodo --background --exec /usr/sbin/mariadbd -- --user=mysql
        wait_for 60 mariadb-admin -h 127.0.0.1 ping
    fi
    # The tests make databases of their own; their names begin with `pombo_`.
    mysql_admin -e "
        CREATE DATABASE IF NOT EXISTS pombo_test;
        CREATE USER IF NOT EXISTS 'pombo_test'@'127.0.0.1' IDENTIFIED BY 'pombo_test';
        CREATE USER IF NOT EXISTS 'pombo_test'@'localhost' IDENTIFIED BY 'pombo_test';
        GRANT ALL PRIVILEGES ON \`pombo\\_%\`.* TO 'pombo_test'@'127.0.0.1', 'pombo_test'@'localhost';"
    mariadb -h 127.0.0.1 -u pombo_test -ppombo_test -N pombo_test -e 'SELECT version()'
}

# listens PORT: whether somebody listens there on this machine.
listens() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# broker PORT COMMAND...: starts a broker that is not running, in the background and beyond this script.
broker() {
    local port=$1
    shift
    if listens "$port"; then
        echo "running"
    elif ! has "$1"; then
        lacking "$1: its tests are skipped"
    else
        echo "starting $1"
        as_root env PATH="$PATH:/usr/sbin:/sbin" setsid nohup "$@" >/dev/null 2>&1 </dev/null &
        wait_for 90 listens "$port"
    fi
}

brokers() {
    broker 5672 rabbitmq-server
    broker 4222 nats-server -a 127.0.0.1 -p 4222 -js -sd "${TMPDIR:-/tmp}/pombo-test-nats"
    broker 1883 mosquitto -p 1883
}

node_clients() {
    if [ ! -f conformance/package.json ]; then
        echo "no conformance/package.json"
    elif ! has npm; then
        lacking "npm: the JavaScript clients are not tested"
    elif [ -f conformance/package-lock.json ]; then
        npm ci --prefix conformance --no-audit --no-fund --loglevel=error
        # Baileys has dependencies, and a licence, of its own.
        npm ci --prefix conformance/baileys --no-audit --no-fund --loglevel=error
    else
        npm install --prefix conformance --no-package-lock --no-audit --no-fund --loglevel=error
    fi
}

python_clients() {
    local stamp=conformance/.venv/requirements.installed
    if [ ! -f conformance/requirements.txt ]; then
        echo "no conformance/requirements.txt"
    elif cmp -s conformance/requirements.txt "$stamp"; then
        echo "up to date"
    elif ! python3 -m venv conformance/.venv; then
        lacking "python3-venv: the Python clients are not tested"
    else
        conformance/.venv/bin/pip install --quiet --disable-pip-version-check -r conformance/requirements.txt
        cp conformance/requirements.txt "$stamp"
    fi
}

rust_client() {
    # A workspace of its own, with a lock file of its own: its TLS library must not get into ours.
    cargo build --locked --manifest-path conformance/rust-socketio/Cargo.toml
}

build() {
    # Programs and tests in one go, so that both come from the same build of everything below them.
    cargo build --locked --workspace --bins --tests
}

COUNTS=$(mktemp)
trap 'rm -f "$COUNTS"' EXIT

tests() {
    cargo nextest run --locked --workspace --no-fail-fast --color never 2>&1 | tee "$COUNTS.log"
    sed -nE 's/.*Summary .* ([0-9]+) tests? run: (.*)$/\2/p' "$COUNTS.log" >"$COUNTS"
    rm -f "$COUNTS.log"
}

doc_tests() {
    cargo test --locked --doc --workspace
}

sandbox() {
    # A build of its own: its WhatsApp channel reaches simulators only.
    cargo test --locked -p pombo-server --features sandbox --lib -- sandbox:: config:: banner::
}

soak() {
    cargo test --locked -p pombo-tests --test endurance soak:: -- --ignored --nocapture
}

chaos() {
    cargo test --locked -p pombo-tests --test endurance chaos:: -- --ignored --nocapture
}

step "system packages" system_packages
if [ -z "${POMBO_TEST_POSTGRES_URL:-}" ]; then
    if has pg_ctlcluster; then
        PGPORT=$(postgres_port)
        POSTGRES_URL=postgresql://pombo_test:pombo_test@127.0.0.1:$PGPORT/pombo_test
        step "PostgreSQL" postgres
        export POMBO_TEST_POSTGRES_URL=$POSTGRES_URL
    else
        lacking "PostgreSQL: its tests are skipped"
    fi
fi
if [ -z "${POMBO_TEST_MYSQL_URL:-}" ]; then
    if has mariadbd; then
        step "MariaDB" mysql
        export POMBO_TEST_MYSQL_URL=mysql://pombo_test:pombo_test@127.0.0.1:3306/pombo_test
    else
        lacking "MariaDB: its tests are skipped"
    fi
fi
step "brokers" brokers
step "Node clients" node_clients
step "Python clients" python_clients
step "Rust client" rust_client
step "cargo-nextest" cargo_tool nextest cargo-nextest
step "build" build
step "documentation tests" doc_tests
step "tests" tests
step "sandbox" sandbox
step "soak" soak
step "chaos" chaos
if [ -x scripts/fuzz.sh ]; then
    step "fuzzing, short" scripts/fuzz.sh
fi
step_times

# The last line: `tests: 71 passed, 0 failed, 2 skipped`.
passed=$(grep -oE '[0-9]+ passed' "$COUNTS" | grep -oE '[0-9]+' || echo 0)
skipped=$(grep -oE '[0-9]+ skipped' "$COUNTS" | grep -oE '[0-9]+' || echo 0)
printf '\ntests: %d passed, 0 failed, %d skipped\n' "$passed" "$skipped"
