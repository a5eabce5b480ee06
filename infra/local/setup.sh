#!/usr/bin/env bash
# Gets everything ready that `make` needs: .venv and a database server. Quick when all is there.
#   setup.sh python | database | mysql
# Safe to kill and to run twice at once: a stamp is written last, a lock is held all along.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
# shellcheck source=infra/local/setup_packages.sh
. infra/local/setup_packages.sh

fail() {
    printf '\n%s\n' "$@" >&2
    exit 1
}

# What an interpreter must be able to do; `$1` is it, the rest are modules wanted beside.
runs_well() {
    local python=$1
    shift
    "$python" -I - "$@" >/dev/null 2>&1 <<'PYTHON'
import importlib, sys
assert (3, 11) <= sys.version_info[:2] <= (3, 13)
for module in ("venv", "ssl", "zlib", "ctypes", *sys.argv[1:]):
    importlib.import_module(module)
PYTHON
}

# The best interpreter that really runs (a pyenv shim may name a version that is not active).
find_python() {
    local version candidate
    for version in 3.13 3.12 3.11; do
        for candidate in "python$version" "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/"$version"*/bin/python \
            "/usr/bin/python$version" "/usr/local/bin/python$version" python3 /usr/bin/python3; do
            candidate=$(command -v "$candidate" 2>/dev/null) || continue
            if runs_well "$candidate" "$@" && [ "$("$candidate" -I -c \
                'import sys; print("%d.%d" % sys.version_info[:2])')" = "$version" ]; then
                echo "$candidate"
                return
            fi
        done
    done
    return 1
}

stamp_text() {
    echo "$root"
    .venv/bin/python -I -VV
    cat requirements.txt requirements-dev.txt
}

make_venv() {
    local python wheel
    rm -rf .venv
    if python=$(find_python ensurepip) && "$python" -m venv .venv >/dev/null; then
        return
    fi
    if may_install && install_packages python3 python3-venv &&
        python=$(find_python ensurepip) && "$python" -m venv --clear .venv; then
        return
    fi
    python=$(find_python) || fail "需要 Python 3.11、3.12 或 3.13(含 venv 模块),但没有找到。请安装后再运行 make。" \
        "Python 3.11, 3.12 or 3.13 with its venv module is needed, and none was found: install one, then run make again."
    # Debian keeps pip's wheel in a package of its own, which may be unpacked by anybody.
    unpack_packages "$root/.local/pip" host python3-pip-whl ||
        fail "Python 没有 ensurepip。请以管理员身份运行:apt-get install python3-venv" \
            "This Python has no ensurepip: have an administrator run  apt-get install python3-venv"
    wheel=$(echo "$root"/.local/pip/usr/share/python-wheels/pip-*.whl)
    "$python" -m venv --clear --without-pip .venv
    .venv/bin/python "$wheel/pip" install --quiet --no-index "$wheel"
}

setup_python() {
    local stamp=.venv/ready
    if [ -f $stamp ] && [ "$(stamp_text 2>/dev/null)" = "$(cat $stamp)" ]; then
        return
    fi
    # Other requirements only: what is there is brought up to date. Otherwise it is made anew.
    if [ -f $stamp ] && [ "$(head -n 1 $stamp)" = "$root" ] && runs_well .venv/bin/python pip; then
        rm $stamp
    else
        make_venv
    fi
    echo "installing the Python packages into .venv"
    .venv/bin/python -m pip install --no-input --disable-pip-version-check -r requirements-dev.txt \
        >.local/pip.log 2>&1 || fail "$(tail -n 20 .local/pip.log)" "pip 安装失败 / pip failed; its whole output: $root/.local/pip.log"
    stamp_text >.venv/ready.new
    mv .venv/ready.new $stamp
}

# With ZHUNDIAN_UNPACK nothing is installed, and the machine's own server is passed over.
setup_database() {
    [ -z "${ZHUNDIAN_UNPACK:-}" ] || export ZHUNDIAN_DATABASE_ROOT=$root/.local/mariadb
    if .venv/bin/python -m infra.local.database_program >/dev/null 2>&1; then
        return
    fi
    if [ -z "${ZHUNDIAN_UNPACK:-}" ] && may_install; then
        install_packages mariadb-server-core mariadb-client-core || true
    else
        echo "unpacking MariaDB into .local/mariadb"
        unpack_packages "$root/.local/mariadb" host mariadb-server-core || true
    fi
    .venv/bin/python -m infra.local.database_program >/dev/null ||
        fail "没有可用的数据库服务器。请安装 MariaDB 10.6+ 或 MySQL 8.0+ 的服务器,或用 DATABASE_URL 指定一个。" \
            "There is no database server: install MariaDB 10.6+ or MySQL 8.0+, or name one in DATABASE_URL."
}

# Oracle's MySQL, which Debian has in sid alone; never installed, since it and MariaDB exclude each other.
setup_mysql() {
    if [ -x "$mysql_root/usr/sbin/mysqld" ]; then
        return
    fi
    echo "unpacking MySQL into $mysql_root"
    mkdir -p "${mysql_root%/*}"
    unpack_packages "$mysql_root" sid mysql-server-core ||
        fail "无法取得 Debian sid 的 mysql-server-core。" "mysql-server-core of Debian sid cannot be had."
}

mysql_root=$root/.local/mysql-sid
# Root's server runs as another account, which may be unable to enter this folder.
[ "$(id -u)" != 0 ] || mysql_root=/var/cache/zhundian/mysql-sid

mkdir -p .local
exec 9>.local/setup.lock
flock 9
case ${1:-database} in
python) setup_python ;;
database)
    setup_python
    setup_database
    ;;
mysql)
    setup_python
    setup_mysql
    ;;
mysql-root) echo "$mysql_root" ;;
*) fail "setup.sh: no such part: $1" ;;
esac
