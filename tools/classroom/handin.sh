#!/bin/sh
# usage: handin.sh NAME
# Pack the committed tree as NAME.tar.gz, with all in a directory NAME. Refuses when what is here
# is not what is committed: then somebody would hand in something else than they think.
fail() {
	echo "make handin: $1" >&2
	exit 1
}

command -v git >/dev/null || fail "git is missing. Install it"
said=$(git rev-parse --git-dir 2>&1) || case $said in
*'not a git repository'*)
	fail "this is not a git repository. Run: git init && git add -A && git commit -m 'My lab'" ;;
*) fail "$said" ;;
esac
git rev-parse -q --verify HEAD >/dev/null ||
	fail "nothing is committed yet. Run: git add -A && git commit -m 'My lab'"
[ -z "$(git ls-files -o --exclude-standard --directory .)" ] ||
	fail "there are files git does not know (git status shows them). Commit or remove them"
[ -z "$(git status --porcelain --untracked-files=no .)" ] ||
	fail "there are changes that are not committed (git status shows them). Commit them"
git archive --format=tar.gz --prefix="$1/" -o "$1.tar.gz" HEAD || exit 1
echo "$1.tar.gz has what commit $(git rev-parse --short HEAD) has. Hand it in"
