# Debian packages: installed where we may, else unpacked into a folder. Sourced by setup.sh.

# Whether packages can be installed without asking anybody.
may_install() {
    command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300)
    echo "installing with apt-get: $*" >&2
    # A third party's list that cannot be had is no reason to stop. 9 is the lock of setup.sh.
    as_root "${apt[@]}" update >.local/apt.log 2>&1 9>&- || true
    as_root "${apt[@]}" install --no-install-recommends "$@" </dev/null >>.local/apt.log 2>&1 9>&- || {
        tail -n 20 .local/apt.log >&2
        return 1
    }
}

# unpack_packages FOLDER SUITE PACKAGE...
# Puts packages of `host`'s own sources, or of another Debian suite, into FOLDER with all that they
# need, libc too, as if nothing was installed: they run by their own loader, on any machine and
# for any user. FOLDER appears whole or not at all.
unpack_packages() {
    local folder=$1 suite=$2 work package
    shift 2
    command -v apt-get >/dev/null || return 1
    work=$folder.new
    rm -rf "$work"
    mkdir -p "$work"/apt/{lists/partial,archives/partial,sources} "$work/root"
    : >"$work/apt/status"
    local apt=(apt-get -qq -y
        -o "Dir::State::Lists=$work/apt/lists" -o "Dir::State::status=$work/apt/status"
        -o "Dir::State::extended_states=$work/apt/extended" -o "Dir::Cache=$work/apt"
        -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Acquire::Languages=none)
    if [ "$suite" != host ]; then
        debian_source "$suite" >"$work/apt/sources.list"
        apt+=(-o "Dir::Etc::SourceList=$work/apt/sources.list" -o "Dir::Etc::SourceParts=$work/apt/sources")
    fi
    "${apt[@]}" update >/dev/null || true
    "${apt[@]}" install --no-install-recommends --download-only "$@" >/dev/null || return 1
    for package in "$work"/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$work/root" || return 1
    done
    rm -rf "$folder"
    mv "$work/root" "$folder"
    rm -rf "$work"
}

# One suite of Debian, from the mirror that this machine has its own packages from.
debian_source() {
    local site
    site=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | head -n 1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${site:?no Debian mirror is known} $1 main"
}
