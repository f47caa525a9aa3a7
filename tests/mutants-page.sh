# shellcheck shell=bash disable=SC2154
# docs/mutants-VERSION.md. Sourced by tests/mutants, which sets scratch, files, and, for a row, mutant, lane,
# failed, findings and notes.

# listed WORD...: "a b c and 5 more"
listed() {
	local first=("${@:1:3}")
	if (($# <= 4)); then
		echo "$*"
	else
		echo "${first[*]} and $(($# - 3)) more"
	fi
}

# Links to each part.
links() {
	local part text=
	for part in $(parts); do text+="${text:+ + }[$part](../host-kvm-patch/mutants/$part.patch)"; done
	echo "$text"
}

# ids WORD...: as Markdown's code
# shellcheck disable=SC2016
ids() { (($# == 0)) || printf '`%s` ' "$@" | sed 's/ $//'; }

markdown_row() {
	local text
	text=$(ids "${findings[@]}")
	((${#notes[@]} == 0)) || text+="${text:+; }note $(ids "${notes[@]}")"
	printf '| %s | %s | %s | %s | %s |\n' "$(class)" "$(links)" "$lane" \
		"$(listed "${failed[@]:-no audit}")" "$text"
}

table() {
	printf '| class | host | lane | failing audits | found |\n|---|---|---|---|---|\n'
	sort -s -t' ' -k2,2n "$1"
}

# What was run on which emulators, once for each lane.
versions() {
	jq -r '"- \(.lane): \(.kernel) on \(.environment.emulator), its guest by QEMU \(.qemu)"' "${files[@]}" |
		sort -u
}

# With --resume, not every result need be of the guest that is built now.
earlier_guests() {
	local now file count=0
	now=$(subject | tail -1)
	for file in "${files[@]}"; do
		[[ $(tail -1 "$file.subject") = "$now" ]] || count=$((count + 1))
	done
	((count == 0)) || echo "- $count of the ${#files[@]} rows by earlier builds of the audits"
}

# write_page FILE
write_page() {
	{
		cat <<-'PAGE'
		# Hosts that are wrong on purpose

		They prove that the audits can fail, and that what they find has its right name.
		`make mutants` builds them, runs them and compares. `make mutants ARGS=--markdown` writes this
		page, `KERNEL=6.12` the other kernel's. A host's patch says what is wrong and what must be found;
		[findings.md](findings.md) explains what is found;
		of `a/b` the results cannot tell which it is. Made with

		PAGE
		versions
		earlier_guests
		printf '\n## One fault each\n\n'
		table "$scratch/rows"
		[[ ! -s $scratch/combined-rows ]] || {
			printf '\n## Several faults at once\n\n'
			table "$scratch/combined-rows"
		}
	} >"$scratch/page"
	mv "$scratch/page" "$1"
}
